{{
    config(
        materialized='incremental',
        incremental_strategy='by_parts',
        meta={'parts': 'days', 'builds': 'totals'},
        unique_key=['outlet', 'topic_id'],
        indexes=[{'columns': ['topic_id', 'outlet'], 'unique': true}],
    )
}}

with

-- Read three times below. New rows are few and are kept in memory; all rows would not fit.
article_topics as {{ '' if adds() else 'not ' }}materialized (
    select * from {{ ref('int_article_topics') }}
    where {{ is_new('days') }}
),

phrases as not materialized (
    select * from {{ ref('int_terms_extracted') }}
    where kind = 'phrase'
),

internal_tags as (
    select * from {{ ref('internal_tags') }}
),

{% if adds() -%}
    counted_before as not materialized ( -- noqa: ST03
        select * from {{ this }}
    ),
{%- endif %}

-- Most phrases occur once. Only those that are frequent are counted in full.
frequent_phrases as (
    select
        outlet,
        topic_id
    from phrases
    {% if adds() -%}
        where
            (outlet, topic_id) in (
                select
                    article_topics.outlet,
                    article_topics.topic_id
                from article_topics
                where article_topics.kind = 'phrase'
                except
                select
                    counted_before.outlet,
                    counted_before.topic_id
                from counted_before
            )
    {%- endif %}
    group by outlet, topic_id
    having count(*) >= {{ var('phrase_min_articles') }}
),

to_count as (
    select
        outlet,
        topic_id,
        kind,
        label,
        published_on,
        article_key
    from article_topics
    where kind <> 'phrase'
    union all
    select
        outlet,
        topic_id,
        kind,
        label,
        published_on,
        article_key
    from phrases
    where
        (outlet, topic_id) in (
            select
                frequent_phrases.outlet,
                frequent_phrases.topic_id
            from frequent_phrases
        )
    {% if adds() -%}
        union all
        select
            outlet,
            topic_id,
            kind,
            label,
            published_on,
            article_key
        from article_topics
        where
            kind = 'phrase'
            and (outlet, topic_id) in (
                select
                    counted_before.outlet,
                    counted_before.topic_id
                from counted_before
            )
    {%- endif %}
),

-- The smallest and largest article keys are a MinHash of a topic's articles (Broder, 1997): two
-- topics share each with a probability that is the overlap of their articles. Hashed, the same keys
-- give further orders.
counts as (
    select
        outlet,
        topic_id,
        kind,
        label,
        1 as articles,
        published_on as first_seen_on,
        published_on as last_seen_on,
        article_key as smallest,
        article_key as largest,
        hashint8extended(article_key, 1) as smallest_1,
        hashint8extended(article_key, 1) as largest_1,
        hashint8extended(article_key, 2) as smallest_2,
        hashint8extended(article_key, 2) as largest_2
    from to_count
    {% if adds() -%}
        union all
        select
            outlet,
            topic_id,
            kind,
            label,
            articles,
            first_seen_on,
            last_seen_on,
            article_keys[1] as smallest,
            article_keys[2] as largest,
            article_keys[3] as smallest_1,
            article_keys[4] as largest_1,
            article_keys[5] as smallest_2,
            article_keys[6] as largest_2
        from counted_before
        where
            (outlet, topic_id) in (
                select
                    to_count.outlet,
                    to_count.topic_id
                from to_count
            )
    {%- endif %}
),

topics as (
    select
        outlet,
        topic_id,
        min(kind) as kind,
        -- Of several spellings the one with a comma (Doe, Jane), and with the most capitals.
        coalesce(
            min(label) filter (where kind = 'person' and label like '%,%'), min(label)
        ) as label,
        sum(articles)::bigint as articles,
        min(first_seen_on) as first_seen_on,
        max(last_seen_on) as last_seen_on,
        array[
            min(smallest),
            max(largest),
            min(smallest_1),
            max(largest_1),
            min(smallest_2),
            max(largest_2)
        ] as article_keys
    from counts
    group by outlet, topic_id
),

tags as (
    select
        topics.outlet,
        topics.topic_id
    from topics
    inner join internal_tags
        on topics.label ilike internal_tags.pattern
    where topics.kind not in ({{ headline_kinds() }})
),

listable as (
    select topics.*
    from topics
    left join tags
        on
            topics.outlet = tags.outlet
            and topics.topic_id = tags.topic_id
    where tags.topic_id is null
)

select * from listable
