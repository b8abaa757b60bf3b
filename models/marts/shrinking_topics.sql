with

topic_growth as not materialized (
    select * from {{ ref('fct_topic_growth') }}
    where direction = 'shrinking'
),

relations as (
    select * from {{ ref('fct_topic_relations') }}
),

-- A twin or a fragment is shown by the topic that stands for it, where that is in the list too.
yielding as (
    select
        topic_growth.run_id,
        topic_growth.topic_id,
        topic_growth.label,
        relations.shown_under,
        relations.is_twin
    from topic_growth
    inner join relations
        on topic_growth.topic_id = relations.topic_id
    inner join topic_growth as others
        on
            topic_growth.run_id = others.run_id
            and relations.shown_under = others.topic_id
),

twins as (
    select
        run_id,
        shown_under as topic_id,
        array_agg(label order by label) as other_labels
    from yielding
    where is_twin
    group by run_id, shown_under
),

shown as (
    select
        topic_growth.*,
        twins.other_labels
    from topic_growth
    left join twins
        on
            topic_growth.run_id = twins.run_id
            and topic_growth.topic_id = twins.topic_id
    where
        (topic_growth.run_id, topic_growth.topic_id) not in (
            select
                yielding.run_id,
                yielding.topic_id
            from yielding
        )
),

ranked as (
    select
        row_number() over (
            partition by run_id order by sure_growth asc, topic_id asc
        )::integer as rank,
        run_id,
        window_start,
        window_end,
        fitted_to,
        topic_id,
        kind,
        label,
        other_labels,
        articles,
        share,
        share_start,
        share_end,
        share_end_low,
        share_end_high,
        share_highest,
        highest_on,
        jumped_on,
        listed_rate,
        listed_low,
        listed_high,
        listed_doubling_days,
        listed_by,
        sure_growth,
        q_value,
        growth_rate,
        ci_low,
        ci_high,
        phase,
        peak_on,
        midpoint_on,
        first_seen_on,
        new_label,
        seasonal,
        direction
    from shown
)

select * from ranked
