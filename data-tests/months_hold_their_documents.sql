-- A month has as many stored documents and rejects as its row of months says: none was lost.
with

months as (
    {{ united('months', ['archive_month', 'docs', 'rejected']) }}
),

-- Of the raw tables, since the staging models would unpack each document.
stored as (
    {%- for outlet in var('outlets') %}
        select
            '{{ outlet }}'::text as outlet,
            archive_month,
            count(*) as docs
        from {{ source(outlet, outlet ~ '_articles') }}
        group by archive_month
        {{ 'union all' if not loop.last }}
    {%- endfor %}
),

rejected as (
    select
        outlet,
        archive_month,
        count(*) as rejected
    from (
        {{ united('rejects', ['archive_month']) }}
    ) as rejects
    group by outlet, archive_month
)

select
    months.outlet,
    months.archive_month
from months
left join stored
    on
        months.outlet = stored.outlet
        and months.archive_month = stored.archive_month
left join rejected
    on
        months.outlet = rejected.outlet
        and months.archive_month = rejected.archive_month
where
    months.docs <> coalesce(stored.docs, 0)
    or months.rejected <> coalesce(rejected.rejected, 0)
