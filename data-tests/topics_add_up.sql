-- A topic's articles are the sum of its days: its key has not swallowed another topic's.
with

daily as (
    select
        topic_id,
        sum(articles) as articles
    from {{ ref('fct_topic_daily') }}
    group by topic_id
)

select topic_id
from {{ ref('dim_topics') }}
full join daily using (topic_id)
where dim_topics.articles is distinct from daily.articles
