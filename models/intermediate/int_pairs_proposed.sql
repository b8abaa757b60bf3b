{{
    config(
        materialized='incremental',
        incremental_strategy='by_parts',
        meta={'parts': 'days', 'builds': 'whole'},
        post_hook="analyze {{ this }}",
    )
}}

with

topics as (
    select * from {{ ref('int_topics_counted') }}
    where
        articles >= {{ var('phrase_min_articles') }}
        and {{ is_stale('days') }}
),

keys as not materialized (
    select
        topics.outlet,
        topics.topic_id,
        topics.articles,
        topics.article_keys[place] as article_key
    from topics
    cross join generate_series(1, 6) as place
),

-- Topics with nearly the same articles agree in nearly all of the six keys.
alike as (
    select
        keys.outlet,
        keys.topic_id,
        others.topic_id as other_topic_id
    from keys
    inner join keys as others
        on
            keys.outlet = others.outlet
            and keys.article_key = others.article_key
            and (keys.articles, keys.topic_id) < (others.articles, others.topic_id)
            and keys.articles >= {{ var('twin_overlap') }}::float8 * others.articles
    group by keys.outlet, keys.topic_id, others.topic_id
    having count(*) >= 2
),

named as (
    select
        outlet,
        topic_id,
        kind,
        articles,
        case when kind = 'person' then {{ person_key('label') }} else label end as label
    from topics
    where kind <> 'term'
),

-- Materialized, so that a label is split into words once, not once for each of its pieces.
label_words as materialized (
    select
        outlet,
        topic_id,
        kind,
        articles,
        array_remove({{ headline_tokens('label') }}, '|') as words
    from named
),

pieces as (
    select
        label_words.outlet,
        label_words.topic_id,
        label_words.kind,
        label_words.articles,
        position = 1 and length + 1 = cardinality(label_words.words) as is_whole,
        array_to_string(label_words.words[position:position + length], ' ') as piece
    from label_words
    cross join lateral generate_subscripts(label_words.words, 1) as position
    cross join lateral generate_series(
        0, least(2, cardinality(label_words.words) - position)
    ) as length
),

spelled as (
    select
        outlet,
        topic_id,
        kind,
        articles,
        is_whole,
        piece
    from pieces
    union
    select
        outlet,
        topic_id,
        kind,
        articles,
        is_whole,
        left(piece, -2) as piece
    from pieces
    where piece like e'%\'s'
),

-- A word or phrase within the label of a topic that is frequent enough to stand for it, or that is
-- all of the label.
inside as (
    select
        fragments.outlet,
        fragments.topic_id,
        spelled.topic_id as other_topic_id,
        -- A headline that has the phrase has every part of it.
        case when spelled.kind = 'phrase' then spelled.articles end as articles
    from spelled
    inner join topics as fragments
        on
            spelled.outlet = fragments.outlet
            and spelled.piece = fragments.label
            and spelled.topic_id <> fragments.topic_id
            and (
                spelled.is_whole
                or spelled.articles >= {{ var('fragment_share') }}::float8 * fragments.articles
            )
    where fragments.kind in ({{ headline_kinds() }})
),

paired as (
    select
        outlet,
        topic_id,
        other_topic_id,
        null::bigint as articles
    from alike
    union
    select
        outlet,
        topic_id,
        other_topic_id,
        articles
    from inside
),

-- Twins that are one inside the other are one pair.
pairs as (
    select
        outlet,
        topic_id,
        other_topic_id,
        max(articles) as articles
    from paired
    group by outlet, topic_id, other_topic_id
)

select * from pairs
