{#- A ranked list of the topics of each run: growing_topics, shrinking_topics and popular_topics say
    which topics it has (`which`) and by what it is ranked (`order_by`). A twin or a fragment is
    shown by the topic that stands for it, where that is in the list too. -#}
{% macro ranked_list(which, order_by) %}
    with

    topic_growth as not materialized (
        select * from {{ ref('fct_topic_growth') }}
        where {{ which }}
    ),

    relations as (
        select * from {{ ref('fct_topic_relations') }}
    ),

    yielding as (
        select
            topic_growth.run_id,
            topic_growth.topic_id,
            topic_growth.label,
            relations.shown_under,
            relations.is_twin
        from topic_growth
        inner join relations
            on
                topic_growth.outlet = relations.outlet
                and topic_growth.topic_id = relations.topic_id
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

    ranked as (
        select
            topic_growth.*,
            twins.other_labels,
            row_number() over (
                partition by topic_growth.run_id order by {{ order_by }}, topic_growth.topic_id asc
            )::integer as rank
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
    )

    select
        {{ growth_columns('lists') }}
    from ranked
{% endmacro %}
