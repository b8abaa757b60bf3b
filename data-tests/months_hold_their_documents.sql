-- A month has as many stored documents and rejects as raw.nyt_months says: none was lost.
with

stored as (
    select
        archive_month,
        count(*) as docs
    from {{ source('nyt', 'nyt_articles') }}
    group by archive_month
),

rejected as (
    select
        archive_month,
        count(*) as rejected
    from {{ ref('stg_nyt__rejects') }}
    group by archive_month
)

select months.archive_month
from {{ ref('stg_nyt__months') }} as months
left join stored
    on months.archive_month = stored.archive_month
left join rejected
    on months.archive_month = rejected.archive_month
where
    months.docs <> coalesce(stored.docs, 0)
    or months.rejected <> coalesce(rejected.rejected, 0)
