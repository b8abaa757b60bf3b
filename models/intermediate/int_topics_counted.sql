{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        pre_hook="{{ delete_stale(whole_version(day_versions())) }}",
        post_hook="{{ log_built(whole_version(day_versions())) }}",
    )
}}

with

article_topics as (
    select * from {{ ref('int_article_topics') }}
    where {{ whole() }} in {{ stale_parts(whole_version(day_versions())) }}
),

internal_tags as (
    select * from {{ ref('internal_tags') }}
),

-- The smallest and largest article keys are a MinHash of a topic's articles (Broder, 1997): two
-- topics share each with a probability that is the overlap of their articles. Hashed, the same keys
-- give further orders.
topics as (
    select
        topic_id,
        min(kind) as kind,
        -- Of several spellings the one with a comma (Doe, Jane), and with the most capitals.
        coalesce(
            min(label) filter (where kind = 'person' and label like '%,%'), min(label)
        ) as label,
        count(*) as articles,
        min(published_on) as first_seen_on,
        max(published_on) as last_seen_on,
        array[
            min(article_key),
            max(article_key),
            min(hashint8extended(article_key, 1)),
            max(hashint8extended(article_key, 1)),
            min(hashint8extended(article_key, 2)),
            max(hashint8extended(article_key, 2))
        ] as article_keys
    from article_topics
    group by topic_id
    having min(kind) <> 'phrase' or count(*) >= {{ var('phrase_min_articles') }}
),

tags as (
    select topics.topic_id
    from topics
    inner join internal_tags
        on topics.label ilike internal_tags.pattern
    where topics.kind not in ('term', 'phrase')
),

listable as (
    select topics.*
    from topics
    left join tags
        on topics.topic_id = tags.topic_id
    where tags.topic_id is null
)

select * from listable
