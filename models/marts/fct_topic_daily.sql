{{
    config(
        materialized='incremental',
        incremental_strategy='by_parts',
        meta={'parts': 'days'},
        indexes=[
            {'columns': ['published_on', 'topic_id', 'outlet'], 'unique': true},
            {'columns': ['topic_id']},
        ],
        pre_hook="{{ delete_dropped_topics(ref('int_topics_counted')) }}",
    )
}}

with

article_topics as (
    select * from {{ ref('int_article_topics') }}
),

topics as (
    select * from {{ ref('dim_topics') }}
),

to_build as (
    select
        outlet,
        topic_id,
        published_on
    from article_topics
    where
        {{ is_stale('days') }}
        or {{ is_new_phrase('topic_id') }}
),

daily as (
    select
        to_build.outlet,
        to_build.topic_id,
        to_build.published_on,
        count(*)::integer as articles
    from to_build
    inner join topics
        on
            to_build.outlet = topics.outlet
            and to_build.topic_id = topics.topic_id
    -- In this order: to sort by the outlet first takes longer, for it is nearly always the same.
    group by to_build.topic_id, to_build.published_on, to_build.outlet
)

select * from daily
