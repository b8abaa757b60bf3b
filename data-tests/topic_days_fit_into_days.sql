-- No topic has more articles on a day than the day has, nor any on a day that is not there.
select
    topic_daily.topic_id,
    topic_daily.published_on
from {{ ref('fct_topic_daily') }} as topic_daily
left join {{ ref('fct_daily_articles') }} as daily_articles
    on topic_daily.published_on = daily_articles.published_on
where
    daily_articles.published_on is null
    or topic_daily.articles > daily_articles.articles
