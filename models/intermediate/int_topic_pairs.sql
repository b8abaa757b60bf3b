{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        pre_hook="{{ delete_stale(whole_version(day_versions())) }}",
        post_hook="{{ log_built(whole_version(day_versions())) }}",
    )
}}

with

pairs as not materialized (
    select * from {{ ref('int_topics_paired') }}
    where {{ whole() }} in {{ stale_parts(whole_version(day_versions())) }}
),

article_topics as not materialized (
    select * from {{ ref('int_article_topics') }}
),

-- From the articles of the rarer topic to those of the other.
rarer as (
    select
        pairs.topic_id,
        pairs.other_topic_id,
        article_topics.article_key,
        article_topics.published_on
    from pairs
    inner join article_topics
        on pairs.topic_id = article_topics.topic_id
),

commoner as (
    select
        topic_id,
        article_key,
        published_on
    from article_topics
    where topic_id in (select pairs.other_topic_id from pairs)
),

shared as (
    select
        rarer.topic_id,
        rarer.other_topic_id,
        count(*) as articles
    from rarer
    inner join commoner
        on
            rarer.other_topic_id = commoner.topic_id
            and rarer.published_on = commoner.published_on
            and rarer.article_key = commoner.article_key
    group by rarer.topic_id, rarer.other_topic_id
)

select * from shared
