with

articles as (
    select * from {{ ref('int_articles_dated') }}
),

kept as (
    select * from {{ ref('int_articles_kept') }}
),

months as (
    select * from {{ ref('int_months_united') }}
),

set_aside as (
    select
        articles.outlet,
        articles.archive_month,
        case
            when articles.published_on is null then 'no date that can be read'
            when months.archive_month is null then 'dated in a month that is not loaded'
            else 'came again with a month loaded later'
        end as reason
    from articles
    left join kept
        on
            articles.article_key = kept.article_key
            and articles.archive_month = kept.archive_month
    left join months
        on
            articles.outlet = months.outlet
            and articles.published_month = months.archive_month
    where kept.article_key is null
),

counted as (
    select
        outlet,
        archive_month,
        reason,
        count(*) as docs
    from set_aside
    group by outlet, archive_month, reason
)

select * from counted
