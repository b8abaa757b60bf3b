{{ config(materialized='view') }}

with

topic_growth as (
    select * from {{ ref('fct_topic_growth') }}
),

ranked as (
    select
        row_number() over (
            partition by run_id order by sure_growth asc, topic_id asc
        )::integer as rank,
        run_id,
        window_start,
        window_end,
        topic_id,
        kind,
        label,
        articles,
        share,
        share_start,
        share_end,
        growth_rate,
        doubling_days,
        ci_low,
        ci_high,
        q_value,
        change_rate,
        sure_growth,
        phase,
        peak_on,
        midpoint_on,
        first_seen_on,
        new_label,
        seasonal,
        direction
    from topic_growth
    where direction = 'shrinking'
)

select * from ranked
