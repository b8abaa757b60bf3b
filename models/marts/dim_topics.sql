{{
    config(
        materialized='incremental',
        incremental_strategy='by_parts',
        meta={'parts': 'days', 'builds': 'whole'},
    )
}}

with

topics as not materialized (
    select * from {{ ref('int_topics_counted') }}
    where {{ is_stale('days') }}
),

phrases as (
    select * from {{ ref('int_phrases_scored') }}
),

stop_words as (
    select * from {{ ref('stop_words') }}
),

-- Stop words that a phrase may begin or end with were counted for it; alone they are no topics.
words_and_keywords as (
    select
        outlet,
        topic_id,
        kind,
        label,
        articles,
        first_seen_on,
        last_seen_on,
        null::double precision as association
    from topics
    where
        kind <> 'phrase'
        and (kind <> 'term' or label not in (select stop_words.word from stop_words))
),

kept_phrases as (
    select
        topics.outlet,
        topics.topic_id,
        topics.kind,
        topics.label,
        topics.articles,
        topics.first_seen_on,
        topics.last_seen_on,
        phrases.association
    from topics
    inner join phrases
        on
            topics.outlet = phrases.outlet
            and topics.topic_id = phrases.topic_id
    where
        topics.kind = 'phrase'
        and phrases.association >= {{ var('phrase_min_association') }}
),

unioned as (
    select * from words_and_keywords
    union all
    select * from kept_phrases
)

select * from unioned
