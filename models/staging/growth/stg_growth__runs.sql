with

source as (
    select * from {{ source('growth', 'runs') }}
),

renamed as (
    select
        run_id,
        window_start,
        window_end,
        coalesce(fitted_to, window_end) as fitted_to,
        period,
        kinds,
        min_articles,
        articles as window_articles,
        topics,
        missing_months,
        converged,
        not_converged,
        s_curves,
        pulses,
        seconds,
        code_version,
        fitted_at
    from source
)

select * from renamed
