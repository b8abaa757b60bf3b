{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        pre_hook="{{ delete_changed_days(ref('int_articles_dated')) }}",
        post_hook="{{ log_built(month_versions()) }}",
    )
}}

with

articles as (
    select * from {{ ref('int_articles_kept') }}
    where {{ is_changed_day(ref('int_articles_dated')) }}
),

days as (
    select
        published_on,
        archive_month,
        count(*)::integer as articles,
        -- The same for the same articles, in whatever order.
        hashtextextended(sum(content_hash)::text, count(*)) as version
    from articles
    group by published_on, archive_month
)

select * from days
