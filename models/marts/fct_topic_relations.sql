{{
    config(
        materialized='incremental',
        incremental_strategy='by_parts',
        meta={'parts': 'days', 'builds': 'whole'},
        post_hook="analyze {{ this }}",
    )
}}

with

pairs as (
    select * from {{ ref('int_pairs_counted') }}
    where articles > 0 and {{ is_stale('days') }}
),

both_ways as (
    select
        outlet,
        topic_id,
        other_topic_id,
        articles
    from pairs
    union
    select
        outlet,
        other_topic_id as topic_id,
        topic_id as other_topic_id,
        articles
    from pairs
),

-- Which topic of two is shown: a keyword before a phrase, a phrase before a word, the longer phrase
-- before the shorter, the more frequent topic before the rarer.
topics as (
    select
        *,
        row_number() over (
            order by
                coalesce(array_position(array[{{ headline_kinds() }}], kind), 0) asc,
                case when kind = 'phrase' then -length(label) end asc,
                articles desc,
                topic_id asc
        ) as standing
    from {{ ref('dim_topics') }}
    where topic_id in (select both_ways.topic_id from both_ways)
),

compared as (
    select
        topics.outlet,
        topics.topic_id,
        others.topic_id as shown_under,
        both_ways.articles,
        topics.kind in ({{ headline_kinds() }})
        and (
            both_ways.articles >= {{ var('fragment_share') }} * topics.articles
            or lower(topics.label) = lower(others.label)
        ) as is_fragment,
        both_ways.articles
        >= {{ var('twin_overlap') }} * (topics.articles + others.articles - both_ways.articles)
            as is_twin,
        strpos(lower(others.label), lower(topics.label)) > 0 as is_inside
    from both_ways
    inner join topics
        on
            both_ways.outlet = topics.outlet
            and both_ways.topic_id = topics.topic_id
    inner join topics as others
        on
            both_ways.outlet = others.outlet
            and both_ways.other_topic_id = others.topic_id
    where topics.standing > others.standing
),

relations as (
    select
        outlet,
        topic_id,
        shown_under,
        articles,
        -- A label that is part of the other one is not listed as another name for it.
        is_twin and not is_inside as is_twin
    from compared
    where is_fragment or is_twin
)

select * from relations
