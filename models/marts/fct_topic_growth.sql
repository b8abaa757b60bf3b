-- A view, like the three lists on it: what `growth fit` has just written shows at once. It reads
-- the tables of the fit alone, which no dbt run drops.
{{ config(materialized='view') }}

with

coefficients as (
    select * from {{ ref('stg_growth__coefficients') }}
),

runs as (
    select * from {{ ref('stg_growth__runs') }}
),

growth as (
    select
        coefficients.run_id,
        runs.window_start,
        runs.window_end,
        coefficients.topic_id,
        coefficients.kind,
        coefficients.label,
        coefficients.articles,
        coefficients.articles::double precision / nullif(runs.window_articles, 0) as share,
        coefficients.share_start,
        coefficients.share_end,
        coefficients.growth_rate,
        coefficients.growth_rate_se,
        ln(2) * 365.25 / nullif(coefficients.growth_rate, 0) as doubling_days,
        coefficients.ci_low,
        coefficients.ci_high,
        coefficients.p_value,
        coefficients.q_value,
        coefficients.dispersion,
        coefficients.status,
        case
            when coefficients.status <> 'converged' then 'unknown'
            when coefficients.q_value > {{ var('false_discovery_rate') }} then 'steady'
            when coefficients.ci_low > 0 then 'growing'
            when coefficients.ci_high < 0 then 'shrinking'
            else 'steady'
        end as direction
    from coefficients
    inner join runs
        on coefficients.run_id = runs.run_id
)

select * from growth
