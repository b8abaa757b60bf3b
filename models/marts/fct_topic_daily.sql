{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        indexes=[
            {'columns': ['topic_id', 'published_on'], 'unique': true},
            {'columns': ['published_on']},
        ],
        pre_hook=[
            "{{ delete_stale(day_versions(), 'published_on') }}",
            "{{ delete_dropped_topics() }}",
        ],
        post_hook="{{ log_built(day_versions()) }}",
    )
}}

with

article_topics as (
    select * from {{ ref('int_article_topics') }}
),

topics as (
    select * from {{ ref('dim_topics') }}
),

-- A phrase that has become frequent enough is built for all days.
new_topics as (
    select topics.topic_id
    from topics
    where {{ is_new_topic() }}
),

to_build as (
    select
        topic_id,
        published_on
    from article_topics
    where published_on in {{ stale_parts(day_versions()) }}
    union all
    select
        article_topics.topic_id,
        article_topics.published_on
    from article_topics
    inner join new_topics
        on article_topics.topic_id = new_topics.topic_id
    where article_topics.published_on not in {{ stale_parts(day_versions()) }}
),

daily as (
    select
        to_build.topic_id,
        to_build.published_on,
        count(*)::integer as articles
    from to_build
    where to_build.topic_id in (select topics.topic_id from topics)
    group by to_build.topic_id, to_build.published_on
)

select * from daily
