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
        coefficients.*,
        runs.outlet,
        runs.window_start,
        runs.window_end,
        runs.fitted_to,
        coefficients.articles::double precision / nullif(runs.window_articles, 0) as share,
        case
            when coefficients.status <> 'converged' then 'unknown'
            when coefficients.q_value > runs.false_discovery_rate then 'steady'
            when coefficients.sure_growth > 0 then 'growing'
            when coefficients.sure_growth < 0 then 'shrinking'
            else 'steady'
        end as direction
    from coefficients
    inner join runs
        on coefficients.run_id = runs.run_id
)

select
    {{ growth_columns('topics') }}
from growth
