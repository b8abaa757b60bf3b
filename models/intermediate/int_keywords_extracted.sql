{{
    config(
        materialized='incremental',
        incremental_strategy='by_parts',
        meta={'parts': 'days'},
        indexes=[
            {'columns': ['published_on', 'topic_id', 'article_key'], 'unique': true},
            {'columns': ['topic_id']},
        ],
        pre_hook="set local enable_memoize = off",
    )
}}

with

articles as (
    select * from {{ ref('int_articles_kept') }}
    where {{ is_stale('days') }}
),

keywords_normalized as (
    select * from {{ ref('int_keywords_normalized') }}
),

keywords as (
    select
        articles.outlet,
        articles.article_key,
        articles.published_on,
        articles.archive_month,
        entry ->> 'name' as name,
        entry ->> 'value' as value
    from articles
    cross join lateral jsonb_array_elements(articles.keywords) as entry
),

identified as (
    select
        keywords.outlet,
        keywords_normalized.topic_id,
        keywords.published_on,
        keywords.archive_month,
        keywords.article_key,
        keywords_normalized.kind,
        keywords_normalized.label
    from keywords
    inner join keywords_normalized
        on keywords.name = keywords_normalized.name and keywords.value = keywords_normalized.value
),

-- An article counts once for a topic, in however many spellings it names it.
topics as (
    select distinct on (topic_id, published_on, article_key) *
    from identified
    order by topic_id, published_on, article_key, label
)

select * from topics
