-- No topic has more articles on a day than the day has, nor any on a day that is not there.
with

largest as (
    select
        published_on,
        max(articles) as articles
    from {{ ref('fct_topic_daily') }}
    group by published_on
)

select largest.published_on
from largest
left join {{ ref('fct_daily_articles') }} as daily_articles
    on largest.published_on = daily_articles.published_on
where
    daily_articles.published_on is null
    or largest.articles > daily_articles.articles
