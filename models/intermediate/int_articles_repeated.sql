{{
    config(
        materialized='incremental',
        incremental_strategy='by_parts',
        meta={'parts': 'months', 'part_columns': ['archive_month', 'newer_month']},
        indexes=[{'columns': ['article_key', 'archive_month', 'newer_month'], 'unique': true}],
    )
}}

with

articles as not materialized (
    select * from {{ ref('int_articles_dated') }}
),

pairs as not materialized (
    select
        articles.outlet,
        articles.article_key,
        articles.archive_month,
        newer.archive_month as newer_month,
        newer.published_month as newer_published_month
    from articles
    inner join articles as newer
        on
            articles.article_key = newer.article_key
            and (newer.loaded_at, newer.archive_month)
            > (articles.loaded_at, articles.archive_month)
),

-- A stale month may be the earlier or the later one of a pair. Each is looked for by itself, so
-- that Postgres reads the articles of stale months alone.
repeated as (
    select
        outlet,
        article_key,
        archive_month,
        newer_month,
        newer_published_month
    from pairs
    where {{ is_stale('months') }}
    {% if is_incremental() -%}
        union
        select
            outlet,
            article_key,
            archive_month,
            newer_month,
            newer_published_month
        from pairs
        where {{ is_stale('months', 'newer_month') }}
    {%- endif %}
)

select * from repeated
