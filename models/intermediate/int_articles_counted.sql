with

articles as (
    select * from {{ ref('int_articles_dated') }}
),

months as not materialized (
    select * from {{ ref('stg_nyt__months') }}
),

-- Months are cut by UTC time, so a month's response holds the last evening of the month before in
-- New York. Where that month is not loaded, its last day would have a few evening articles alone.
on_loaded_days as not materialized (
    select
        articles.archive_month,
        articles.article_key,
        articles.article_id,
        articles.published_on,
        articles.headline,
        articles.keywords,
        articles.section_name,
        articles.web_url,
        articles.loaded_at,
        articles.content_hash
    from articles
    inner join months
        on date_trunc('month', articles.published_on)::date = months.archive_month
),

-- An article that came with two months counts as it was loaded last.
newest as (
    select articles.*
    from on_loaded_days as articles
    where
        not exists (
            select
            from on_loaded_days as others
            where
                others.article_key = articles.article_key
                and (others.loaded_at, others.archive_month)
                > (articles.loaded_at, articles.archive_month)
        )
)

select * from newest
