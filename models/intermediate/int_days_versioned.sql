{{
    config(
        materialized='incremental',
        incremental_strategy='by_parts',
        meta={'parts': 'days_of_months'},
    )
}}

with

articles as (
    select * from {{ ref('int_articles_kept') }}
    where {{ is_stale('days_of_months') }}
),

days as (
    select
        outlet,
        published_on,
        archive_month,
        count(*)::integer as articles,
        -- Of a sum, so that the order of the articles does not matter.
        hashtextextended(sum(content_hash)::text, count(*)) as version
    from articles
    group by outlet, published_on, archive_month
)

select * from days
