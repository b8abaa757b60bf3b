{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        pre_hook=[
            "{{ delete_stale(whole_version(day_versions())) }}",
            "set local enable_mergejoin = off",
        ],
        post_hook="{{ log_built(whole_version(day_versions())) }}",
    )
}}

with

pairs as not materialized (
    select * from {{ ref('int_topics_paired') }}
    where {{ is_stale(whole_version(day_versions())) }}
),

article_topics as not materialized (
    select * from {{ ref('int_article_topics') }}
),

-- From the articles of the rarer topic to those of the other: 1.6 s by hashes where the planner
-- would sort all articles' topics for 4.0 s (70 months).
rarer as (
    select
        pairs.topic_id,
        pairs.other_topic_id,
        article_topics.article_key,
        article_topics.published_on
    from pairs
    inner join article_topics
        on pairs.topic_id = article_topics.topic_id
    where pairs.articles is null
),

commoner as (
    select
        topic_id,
        article_key,
        published_on
    from article_topics
    where
        topic_id in (
            select pairs.other_topic_id
            from pairs
            where pairs.articles is null
        )
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
),

unioned as (
    select
        topic_id,
        other_topic_id,
        articles
    from shared
    union all
    select
        topic_id,
        other_topic_id,
        articles
    from pairs
    where articles is not null
)

select * from unioned
