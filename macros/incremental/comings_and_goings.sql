{#-
    A phrase is a topic while it is frequent, and two topics are a pair while they are alike: both can
    come and go with any month. What has come has to be counted on all days, not on the new ones alone.
-#}

{#- For fct_topic_daily: the condition for the rows of phrases that it does not have yet. -#}
{% macro is_new_phrase(column) -%}
    {%- if is_incremental() -%}
        {%- set new_phrases -%}
            select topics.topic_id
            from {{ ref('dim_topics') }} as topics
            where
                topics.kind = 'phrase'
                and not exists (
                    select
                    from {{ this }} as daily
                    where daily.topic_id = topics.topic_id
                )
        {%- endset -%}
        {{ column }} = any('{ {{- run_query(new_phrases).columns[0].values() | join(',') -}} }'::bigint [])
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}


{#- A `pre_hook` of fct_topic_daily: deletes the days of topics that are none any more. Where days are
    only added, these can be phrases alone, and `counted` (int_topics_counted) still has them. -#}
{% macro delete_dropped_topics(counted) %}
    {% if is_incremental() %}
        {% set dropped %}
            {% if adds() %}
                select topic_id from {{ counted }} where kind = 'phrase'
                except
                select topic_id from {{ ref('dim_topics') }} where kind = 'phrase'
            {% else %}
                select topic_id from {{ this }}
                except
                select topic_id from {{ ref('dim_topics') }}
            {% endif %}
        {% endset %}
        delete from {{ this }}
        where topic_id = any('{ {{- run_query(dropped).columns[0].values() | join(',') -}} }'::bigint [])
    {% endif %}
{% endmacro %}


{#- For int_pairs_counted: the condition for the topics that stand on one `side` of a pair that it has
    not counted yet. They stand in it as constants, from which Postgres sees that they have few articles. -#}
{% macro is_in_new_pair(column, side) -%}
    {%- if adds() -%}
        {%- set new_pairs -%}
            select distinct {{ side }}
            from (
                select topic_id, other_topic_id from {{ ref('int_pairs_proposed') }}
                where articles is null
                except
                select topic_id, other_topic_id from {{ this }}
            ) as new_pairs
        {%- endset -%}
        {{ column }} = any('{ {{- run_query(new_pairs).columns[0].values() | join(',') -}} }'::bigint [])
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}
