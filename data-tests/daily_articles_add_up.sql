-- Every article that counts is counted on its day. To be quick, of the last 62 days.
with

last_days as (
    select
        published_on,
        articles
    from {{ ref('fct_daily_articles') }}
    where is_loaded
    order by published_on desc
    limit 62
),

-- As an array, so that Postgres looks the days up in an index instead of reading all articles.
counted as (
    select
        published_on,
        count(*) as articles
    from {{ ref('int_articles_kept') }}
    where published_on = any(array(select last_days.published_on from last_days))
    group by published_on
)

select last_days.published_on
from last_days
left join counted
    on last_days.published_on = counted.published_on
where last_days.articles <> coalesce(counted.articles, 0)
