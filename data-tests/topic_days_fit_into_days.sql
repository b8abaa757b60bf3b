-- No topic has more articles on a day than the day itself, or an article on a day that does not
-- exist. To be quick, all topics are checked on the last days and on every twentieth day before.
with

topic_daily as not materialized (
    select * from {{ ref('fct_topic_daily') }}
),

numbered as (
    select
        published_on,
        articles,
        row_number() over (order by published_on desc) as number
    from {{ ref('fct_daily_articles') }}
),

days as (
    select
        published_on,
        articles
    from numbered
    where number <= 62 or number % 20 = 0
),

largest as (
    select
        published_on,
        max(articles) as articles
    from topic_daily
    where published_on = any(array(select days.published_on from days))
    group by published_on
),

-- Between the first and the last day none is missing.
ends as (
    select min(published_on) as published_on from topic_daily
    union all
    select max(published_on) as published_on from topic_daily
)

select largest.published_on
from largest
inner join days
    on largest.published_on = days.published_on
where largest.articles > days.articles
union all
select ends.published_on
from ends
left join numbered
    on ends.published_on = numbered.published_on
where
    ends.published_on is not null
    and numbered.published_on is null
