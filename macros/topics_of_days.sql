{#-
    Phrases come and go: they are topics as long as they are frequent. The daily counts of those that
    have come are built for all days, of those that have gone deleted.
-#}
{% macro is_new_phrase(column) -%}
    {%- if is_incremental() -%}
        {%- set new_phrases -%}
            select topic_id from {{ ref('dim_topics') }}
            where kind = 'phrase'
            except
            select topic_id from {{ this }}
        {%- endset -%}
        {{ column }} = any('{ {{- run_query(new_phrases).columns[0].values() | join(',') -}} }'::bigint [])
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}


{#- A `pre_hook`. -#}
{% macro delete_dropped_topics(column) %}
    {% if is_incremental() %}
        {% set dropped %}
            select topic_id from {{ this }}
            except
            select topic_id from {{ ref('dim_topics') }}
        {% endset %}
        delete from {{ this }}
        where {{ column }} = any('{ {{- run_query(dropped).columns[0].values() | join(',') -}} }'::bigint [])
    {% endif %}
{% endmacro %}
