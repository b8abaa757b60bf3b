-- Every article that counts is counted on its day. To be quick, of an outlet's last 62 days.
with

numbered as (
    select
        outlet,
        published_on,
        articles,
        row_number() over (partition by outlet order by published_on desc) as number
    from {{ ref('fct_daily_articles') }}
    where is_loaded
),

last_days as (
    select
        outlet,
        published_on,
        articles
    from numbered
    where number <= 62
),

-- As an array, so that Postgres looks the days up in an index instead of reading all articles.
counted as (
    select
        outlet,
        published_on,
        count(*) as articles
    from {{ ref('int_articles_kept') }}
    where published_on = any(array(select last_days.published_on from last_days))
    group by outlet, published_on
)

select
    last_days.outlet,
    last_days.published_on
from last_days
left join counted
    on
        last_days.outlet = counted.outlet
        and last_days.published_on = counted.published_on
where last_days.articles <> coalesce(counted.articles, 0)
