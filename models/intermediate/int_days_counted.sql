{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        pre_hook="{{ delete_stale(whole_version(month_versions())) }}",
        post_hook="{{ log_built(whole_version(month_versions())) }}",
    )
}}

with

articles as (
    select * from {{ ref('int_articles_counted') }}
    where {{ whole() }} in {{ stale_parts(whole_version(month_versions())) }}
),

days as (
    select
        published_on,
        count(*)::integer as articles,
        -- The same for the same articles, in whatever order.
        hashtextextended(sum(content_hash)::text, count(*)) as version
    from articles
    group by published_on
)

select * from days
