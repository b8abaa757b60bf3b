-- No topic has more articles on a day than the day itself, or an article on a day that does not
-- exist. To be quick, all topics are checked on the last days and on every twentieth day before.
with

topic_daily as not materialized (
    select * from {{ ref('fct_topic_daily') }}
),

numbered as (
    select
        outlet,
        published_on,
        articles,
        row_number() over (partition by outlet order by published_on desc) as number
    from {{ ref('fct_daily_articles') }}
),

days as (
    select
        outlet,
        published_on,
        articles
    from numbered
    where number <= 62 or number % 20 = 0
),

largest as (
    select
        outlet,
        published_on,
        max(articles) as articles
    from topic_daily
    where published_on = any(array(select days.published_on from days))
    group by outlet, published_on
),

-- Between the first and the last day none is missing.
ends as (
    select
        outlets.outlet,
        outlet_ends.published_on
    from {{ ref('dim_outlets') }} as outlets
    cross join lateral (
        select min(topic_daily.published_on) as published_on
        from topic_daily
        where topic_daily.outlet = outlets.outlet
        union all
        select max(topic_daily.published_on) as published_on
        from topic_daily
        where topic_daily.outlet = outlets.outlet
    ) as outlet_ends
)

select
    largest.outlet,
    largest.published_on
from largest
inner join days
    on
        largest.outlet = days.outlet
        and largest.published_on = days.published_on
where largest.articles > days.articles
union all
select
    ends.outlet,
    ends.published_on
from ends
left join numbered
    on
        ends.outlet = numbered.outlet
        and ends.published_on = numbered.published_on
where
    ends.published_on is not null
    and numbered.published_on is null
