-- A topic's articles are the sum of its days; they would not be if two topics had the same key. To
-- save time, only a twentieth of the topics is checked. Keys are hashes, so a range of keys is a
-- random sample that an index can read.
{% set is_sampled = 'topic_id between 0 and 922337203685477580' %}

with

daily as (
    select
        outlet,
        topic_id,
        sum(articles) as articles
    from {{ ref('fct_topic_daily') }}
    where {{ is_sampled }}
    group by outlet, topic_id
),

topics as (
    select
        outlet,
        topic_id,
        articles
    from {{ ref('dim_topics') }}
    where {{ is_sampled }}
)

select
    coalesce(topics.outlet, daily.outlet) as outlet,
    coalesce(topics.topic_id, daily.topic_id) as topic_id
from topics
full outer join daily
    on
        topics.outlet = daily.outlet
        and topics.topic_id = daily.topic_id
where topics.articles is distinct from daily.articles
