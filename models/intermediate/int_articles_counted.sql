with

articles as (
    select * from {{ ref('stg_nyt__articles') }}
),

months as (
    select * from {{ ref('stg_nyt__months') }}
),

of_counted_types as (
    select
        articles.article_id,
        articles.archive_month,
        articles.published_on,
        articles.headline,
        articles.keywords,
        articles.section_name,
        articles.web_url,
        months.loaded_at
    from articles
    inner join months
        on articles.archive_month = months.archive_month
    where
        articles.document_type = any(
            string_to_array(lower('{{ var("article_document_types") | join(",") }}'), ',')
        )
),

-- Months are cut by UTC time, so a month's response holds the last evening of the month before in
-- New York. Where that month is not loaded, its last day would have a few evening articles alone.
on_loaded_days as (
    select of_counted_types.*
    from of_counted_types
    inner join months
        on date_trunc('month', of_counted_types.published_on)::date = months.archive_month
),

deduplicated as (
    select distinct on (article_id)
        article_id,
        archive_month,
        published_on,
        headline,
        keywords,
        section_name,
        web_url
    from on_loaded_days
    order by article_id asc, loaded_at desc, archive_month desc
)

select * from deduplicated
