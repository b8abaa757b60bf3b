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
        share_end,
        doubling_days,
        share_start_low,
        share_start_high,
        share_end_low,
        share_end_high,
        articles_a_day_end,
        doubling_days_low,
        doubling_days_high,
        degrees_of_freedom,
        long_run_dispersion,
        change,
        change_rate,
        change_se,
        change_p_value,
        sure_growth,
        phase,
        shape,
        shape_p_value,
        ceiling,
        ceiling_low,
        ceiling_high,
        s_curve_rate,
        s_curve_rate_se,
        midpoint_on,
        midpoint_low_on,
        midpoint_high_on,
        peak_on,
        peak_low_on,
        peak_high_on,
        peak_share,
        first_seen_on,
        new_label,
        seasonal
    from source
)

select * from renamed
