-- Every document of an article's type is counted, or set aside with its reason: the loader's own
-- count of each month is compared with the models'. Versions before 0.5.0 stored no such counts: of
-- the months that they loaded only the newest three are counted here, since all would take minutes.
{% set article_types %}
    string_to_array(lower('{{ var("article_document_types") | join(",") }}'), ',')
{% endset %}

with

months as (
    select * from {{ ref('stg_nyt__months') }}
),

fields as (
    select * from {{ ref('stg_nyt__fields') }}
    where
        field = 'document_type'
        and archive_month in (select months.archive_month from months)
),

without_fields as (
    select archive_month
    from months
    where archive_month not in (select fields.archive_month from fields)
    order by archive_month desc
    limit 3
),

loaded as (
    select
        archive_month,
        sum(docs) filter (where reading = any({{ article_types }})) as articles
    from fields
    group by archive_month
    union all
    select
        without_fields.archive_month,
        count(*) filter (
            where lower(documents.doc ->> 'document_type') = any({{ article_types }})
        ) as articles
    from without_fields
    left join {{ source('nyt', 'nyt_articles') }} as documents
        on without_fields.archive_month = documents.archive_month
    group by without_fields.archive_month
),

counted as (
    select
        archive_month,
        sum(articles) as articles
    from {{ ref('int_days_versioned') }}
    group by archive_month
),

set_aside as (
    select
        archive_month,
        sum(docs) as articles
    from {{ ref('int_articles_set_aside') }}
    group by archive_month
)

select
    loaded.archive_month,
    loaded.articles,
    counted.articles as counted,
    set_aside.articles as set_aside
from loaded
left join counted
    on loaded.archive_month = counted.archive_month
left join set_aside
    on loaded.archive_month = set_aside.archive_month
where
    coalesce(loaded.articles, 0)
    <> coalesce(counted.articles, 0) + coalesce(set_aside.articles, 0)
