{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        pre_hook="{{ delete_stale(whole_version(source_versions())) }}",
        post_hook=["{{ analyze_new() }}", "{{ log_built(whole_version(source_versions())) }}"],
    )
}}

with

topics as (
    select * from {{ ref('int_topics_counted') }}
    where {{ is_stale(whole_version(source_versions())) }}
),

phrases as (
    select * from {{ ref('int_phrases_scored') }}
),

stop_words as (
    select * from {{ ref('stop_words') }}
),

-- Words that were counted for the phrases they are in are no topics by themselves.
kept as (
    select
        topics.topic_id,
        topics.kind,
        topics.label,
        topics.articles,
        topics.first_seen_on,
        topics.last_seen_on,
        phrases.association
    from topics
    left join phrases
        on topics.topic_id = phrases.topic_id
    left join stop_words
        on topics.label = stop_words.word and topics.kind = 'term'
    where
        stop_words.word is null
        and (
            topics.kind <> 'phrase'
            or phrases.association >= {{ var('phrase_min_association') }}
        )
)

select * from kept
