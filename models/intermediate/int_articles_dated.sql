{{
    config(
        materialized='incremental',
        incremental_strategy='by_parts',
        meta={'parts': 'months'},
        indexes=[
            {'columns': ['article_key', 'archive_month'], 'unique': true},
            {'columns': ['archive_month']},
            {'columns': ['published_on']},
        ],
    )
}}

with

articles as (
    select *
    from (
        {{ united('articles', [
            'archive_month', 'article_id', 'published_on', 'document_type', 'headline', 'keywords',
            'section_name', 'web_url',
        ]) }}
    ) as articles
    where {{ is_stale('months') }}
),

months as (
    select * from {{ ref('int_months_united') }}
),

dated as (
    select
        articles.outlet,
        articles.archive_month,
        {{ article_key('articles.outlet', 'articles.article_id') }} as article_key,
        articles.article_id,
        articles.published_on,
        date_trunc('month', articles.published_on)::date as published_month,
        articles.headline,
        articles.keywords,
        articles.section_name,
        articles.web_url,
        months.loaded_at,
        -- Changes with what topics are made of.
        hashtextextended(
            concat_ws(' ', articles.headline, articles.keywords),
            {{ article_key('articles.outlet', 'articles.article_id') }}
        ) as content_hash
    from articles
    inner join months
        on
            articles.outlet = months.outlet
            and articles.archive_month = months.archive_month
    where
        articles.document_type = any(
            string_to_array(lower('{{ var("article_document_types") | join(",") }}'), ',')
        )
)

select * from dated
