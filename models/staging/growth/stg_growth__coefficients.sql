with

source as (
    select * from {{ source('growth', 'coefficients') }}
),

renamed as (
    select
        run_id,
        topic_id,
        kind,
        label,
        articles,
        status,
        growth_rate,
        growth_rate_se,
        ci_low,
        ci_high,
        p_value,
        q_value,
        dispersion,
        share_start,
        share_end
    from source
)

select * from renamed
