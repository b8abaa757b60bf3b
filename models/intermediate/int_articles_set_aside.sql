with

articles as (
    select * from {{ ref('int_articles_dated') }}
),

repeated as (
    select * from {{ ref('int_articles_repeated') }}
),

months as not materialized (
    select * from {{ ref('stg_nyt__months') }}
),

on_no_loaded_day as (
    select
        articles.archive_month,
        case
            when articles.published_on is null then 'no date that can be read'
            else 'dated in a month that is not loaded'
        end as reason
    from articles
    left join months
        on articles.published_month = months.archive_month
    where months.archive_month is null
),

-- Whatever came again on a day that counts, as int_articles_kept has it.
superseded as (
    select distinct
        articles.article_key,
        articles.archive_month
    from repeated
    inner join months as newer_months
        on repeated.newer_published_month = newer_months.archive_month
    inner join articles
        on
            repeated.article_key = articles.article_key
            and repeated.archive_month = articles.archive_month
    inner join months
        on articles.published_month = months.archive_month
),

set_aside as (
    select
        archive_month,
        reason
    from on_no_loaded_day
    union all
    select
        archive_month,
        'came again with a month loaded later' as reason
    from superseded
),

counted as (
    select
        archive_month,
        reason,
        count(*) as docs
    from set_aside
    group by archive_month, reason
)

select * from counted
