-- Every article that counts is counted on its day; of the last days, to be quick.
with

last_days as (
    select published_on
    from {{ ref('fct_daily_articles') }}
    where is_loaded
    order by published_on desc
    limit 62
),

counted as (
    select
        published_on,
        count(*) as articles
    from {{ ref('int_articles_counted') }}
    where published_on >= (select min(last_days.published_on) from last_days)
    group by published_on
)

select daily.published_on
from {{ ref('fct_daily_articles') }} as daily
inner join last_days
    on daily.published_on = last_days.published_on
left join counted
    on daily.published_on = counted.published_on
where daily.articles <> coalesce(counted.articles, 0)
