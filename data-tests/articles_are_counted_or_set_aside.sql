-- Every document of an article's type is counted, or set aside with its reason: the loader's own
-- count of each month is compared with the models'. Versions before 0.5.0 stored no such counts: of
-- the months that they loaded only the newest three are counted here, since all would take minutes.
{% set article_types %}
    string_to_array(lower('{{ var("article_document_types") | join(",") }}'), ',')
{% endset %}

with

months as (
    select * from {{ ref('int_months_united') }}
),

fields as (
    select *
    from (
        {{ united('fields', ['archive_month', 'field', 'reading', 'docs']) }}
    ) as found
    where
        field = 'document_type'
        and (outlet, archive_month) in (
            select
                months.outlet,
                months.archive_month
            from months
        )
),

documents as (
    {{ united('articles', ['archive_month', 'document_type']) }}
),

without_fields as (
    select
        outlet,
        archive_month
    from months
    where
        (outlet, archive_month) not in (
            select
                fields.outlet,
                fields.archive_month
            from fields
        )
    order by archive_month desc
    limit 3
),

loaded as (
    select
        outlet,
        archive_month,
        sum(docs) filter (where reading = any({{ article_types }})) as articles
    from fields
    group by outlet, archive_month
    union all
    select
        without_fields.outlet,
        without_fields.archive_month,
        count(*) filter (where documents.document_type = any({{ article_types }})) as articles
    from without_fields
    left join documents
        on
            without_fields.outlet = documents.outlet
            and without_fields.archive_month = documents.archive_month
    group by without_fields.outlet, without_fields.archive_month
),

counted as (
    select
        outlet,
        archive_month,
        sum(articles) as articles
    from {{ ref('int_days_versioned') }}
    group by outlet, archive_month
),

set_aside as (
    select
        outlet,
        archive_month,
        sum(docs) as articles
    from {{ ref('int_articles_set_aside') }}
    group by outlet, archive_month
)

select
    loaded.outlet,
    loaded.archive_month,
    loaded.articles,
    counted.articles as counted,
    set_aside.articles as set_aside
from loaded
left join counted
    on
        loaded.outlet = counted.outlet
        and loaded.archive_month = counted.archive_month
left join set_aside
    on
        loaded.outlet = set_aside.outlet
        and loaded.archive_month = set_aside.archive_month
where
    coalesce(loaded.articles, 0)
    <> coalesce(counted.articles, 0) + coalesce(set_aside.articles, 0)
