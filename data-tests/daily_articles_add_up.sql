-- Every article that counts is counted on exactly one day.
with

counted as (
    select count(*) as articles
    from {{ ref('int_articles_counted') }}
),

daily as (
    select coalesce(sum(articles), 0) as articles
    from {{ ref('fct_daily_articles') }}
)

select counted.articles
from counted
cross join daily
where counted.articles <> daily.articles
