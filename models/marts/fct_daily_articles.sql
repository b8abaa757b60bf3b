{{
    config(
        materialized='incremental',
        incremental_strategy='by_parts',
        meta={'parts': 'months', 'builds': 'whole'},
    )
}}

with

counts as (
    select
        published_on,
        sum(articles)::integer as articles
    from {{ ref('int_days_versioned') }}
    group by published_on
),

months as (
    select * from {{ ref('stg_nyt__months') }}
),

span as (
    select
        min(archive_month) as first_day,
        (max(archive_month) + interval '1 month - 1 day')::date as last_day
    from months
),

days as (
    select day::date as published_on
    from span
    cross join lateral generate_series(first_day, last_day, interval '1 day') as day
    where {{ is_stale('months') }}
),

daily as (
    select
        days.published_on,
        coalesce(counts.articles, 0) as articles,
        months.archive_month is not null as is_loaded
    from days
    left join months
        on date_trunc('month', days.published_on)::date = months.archive_month
    left join counts
        on days.published_on = counts.published_on
)

select * from daily
