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
        outlet,
        published_on,
        sum(articles)::integer as articles
    from {{ ref('int_days_versioned') }}
    group by outlet, published_on
),

months as (
    select * from {{ ref('int_months_united') }}
),

span as (
    select
        outlet,
        min(archive_month) as first_day,
        (max(archive_month) + interval '1 month - 1 day')::date as last_day
    from months
    group by outlet
),

days as (
    select
        span.outlet,
        day::date as published_on
    from span
    cross join lateral generate_series(span.first_day, span.last_day, interval '1 day') as day
    where {{ is_stale('months') }}
),

daily as (
    select
        days.outlet,
        days.published_on,
        coalesce(counts.articles, 0) as articles,
        months.archive_month is not null as is_loaded
    from days
    left join months
        on
            days.outlet = months.outlet
            and date_trunc('month', days.published_on)::date = months.archive_month
    left join counts
        on
            days.outlet = counts.outlet
            and days.published_on = counts.published_on
)

select * from daily
