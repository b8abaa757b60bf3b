{#-
    Topics come and go: a phrase is one as long as it is frequent. The daily counts of those that have
    come are built for all days, of those that have gone deleted.
-#}
{% macro is_new_topic() -%}
    {%- if is_incremental() -%}
        not exists (
            select from {{ this }} as built
            where built.topic_id = topics.topic_id
        )
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}


{#- A `pre_hook`. -#}
{% macro delete_dropped_topics() %}
    {% if is_incremental() %}
        delete from {{ this }} as daily
        where
            not exists (
                select
                from {{ ref('dim_topics') }} as topics
                where topics.topic_id = daily.topic_id
            )
    {% endif %}
{% endmacro %}
