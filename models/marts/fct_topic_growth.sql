-- A view, like the three lists on it: what `growth fit` has just written shows at once. It reads
-- the tables of the fit alone, which no dbt run drops.
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
        runs.fitted_to,
        coefficients.topic_id,
        coefficients.kind,
        coefficients.label,
        coefficients.articles,
        coefficients.articles::double precision / nullif(runs.window_articles, 0) as share,
        coefficients.share_start,
        coefficients.share_end,
        coefficients.growth_rate,
        coefficients.growth_rate_se,
        coefficients.doubling_days,
        coefficients.ci_low,
        coefficients.ci_high,
        coefficients.p_value,
        coefficients.q_value,
        coefficients.dispersion,
        coefficients.share_start_low,
        coefficients.share_start_high,
        coefficients.share_end_low,
        coefficients.share_end_high,
        coefficients.share_highest,
        coefficients.highest_on,
        coefficients.jumped_on,
        coefficients.trend_share_start,
        coefficients.trend_share_end,
        coefficients.articles_a_day_end,
        coefficients.doubling_days_low,
        coefficients.doubling_days_high,
        coefficients.degrees_of_freedom,
        coefficients.long_run_dispersion,
        coefficients.change,
        coefficients.change_rate,
        coefficients.change_se,
        coefficients.change_p_value,
        coefficients.sure_growth,
        coefficients.listed_rate,
        coefficients.listed_low,
        coefficients.listed_high,
        coefficients.listed_doubling_days,
        coefficients.listed_by,
        coefficients.phase,
        coefficients.shape,
        coefficients.shape_p_value,
        coefficients.ceiling,
        coefficients.ceiling_low,
        coefficients.ceiling_high,
        coefficients.s_curve_rate,
        coefficients.s_curve_rate_se,
        coefficients.midpoint_on,
        coefficients.midpoint_low_on,
        coefficients.midpoint_high_on,
        coefficients.peak_on,
        coefficients.peak_low_on,
        coefficients.peak_high_on,
        coefficients.peak_share,
        coefficients.first_seen_on,
        coefficients.new_label,
        coefficients.seasonal,
        coefficients.status,
        case
            when coefficients.status <> 'converged' then 'unknown'
            when coefficients.q_value > {{ var('false_discovery_rate') }} then 'steady'
            when coefficients.sure_growth > 0 then 'growing'
            when coefficients.sure_growth < 0 then 'shrinking'
            else 'steady'
        end as direction
    from coefficients
    inner join runs
        on coefficients.run_id = runs.run_id
)

select * from growth
