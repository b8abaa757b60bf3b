{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        indexes=[
            {'columns': ['article_key', 'archive_month'], 'unique': true},
            {'columns': ['archive_month']},
            {'columns': ['published_on']},
        ],
        pre_hook="{{ delete_stale(month_versions(), 'archive_month') }}",
        post_hook=["{{ analyze_new() }}", "{{ log_built(month_versions()) }}"],
    )
}}

with

articles as (
    select * from {{ ref('stg_nyt__articles') }}
    where {{ is_stale(month_versions(), 'archive_month') }}
),

months as (
    select * from {{ ref('stg_nyt__months') }}
),

dated as (
    select
        articles.archive_month,
        {{ article_key('articles.article_id') }} as article_key,
        articles.article_id,
        articles.published_on,
        date_trunc('month', articles.published_on)::date as published_month,
        articles.headline,
        articles.keywords,
        articles.section_name,
        articles.web_url,
        months.loaded_at,
        -- Changes when anything does that topics are made of.
        hashtextextended(
            concat_ws(' ', articles.headline, articles.keywords),
            {{ article_key('articles.article_id') }}
        ) as content_hash
    from articles
    inner join months
        on articles.archive_month = months.archive_month
    where
        articles.document_type = any(
            string_to_array(lower('{{ var("article_document_types") | join(",") }}'), ',')
        )
)

select * from dated
