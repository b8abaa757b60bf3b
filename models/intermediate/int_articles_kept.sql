with

articles as (
    select * from {{ ref('int_articles_dated') }}
),

repeated as (
    select * from {{ ref('int_articles_repeated') }}
),

months as not materialized (
    select * from {{ ref('int_months_united') }}
),

-- Of an article that came with two months, the one that was loaded last counts.
superseded as (
    select
        repeated.article_key,
        repeated.archive_month
    from repeated
    inner join months
        on
            repeated.outlet = months.outlet
            and repeated.newer_published_month = months.archive_month
),

-- Months are cut by UTC time, so a month's response holds the last evening of the month before in
-- New York. Where that month is not loaded, its last day would have a few evening articles alone.
on_loaded_days as (
    select
        articles.outlet,
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
        on
            articles.outlet = months.outlet
            and articles.published_month = months.archive_month
),

newest as (
    select on_loaded_days.*
    from on_loaded_days
    where
        not exists (
            select
            from superseded
            where
                superseded.article_key = on_loaded_days.article_key
                and superseded.archive_month = on_loaded_days.archive_month
        )
)

select * from newest
