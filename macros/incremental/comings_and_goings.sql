{#-
    A phrase is a topic while it is frequent, and two topics are a pair while they are alike: both
    can come and go with any month. What has come must be counted on all days, old ones too.
-#}

{#- For fct_topic_daily: the condition for the rows of phrases that it does not have yet. -#}
{% macro is_new_phrase(column) -%}
    {%- if is_incremental() -%}
        {%- set new_phrases -%}
            select
                topics.outlet,
                topics.topic_id as value
            from {{ ref('dim_topics') }} as topics
            where
                topics.kind = 'phrase'
                and not exists (
                    select
                    from {{ this }} as daily
                    where daily.topic_id = topics.topic_id and daily.outlet = topics.outlet
                )
        {%- endset -%}
        {{ found_by_outlet(run_query(new_phrases).rows, column, 'bigint') }}
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}


{#- A `pre_hook` of fct_topic_daily: deletes the rows of topics that have been dropped. Where days
    are only added, only phrases can drop out, and `counted` (int_topics_counted) still lists them. -#}
{% macro delete_dropped_topics(counted) %}
    {% if is_incremental() %}
        {% set phrases = "where kind = 'phrase'" if adds() else '' %}
        {% set dropped %}
            select outlet, topic_id as value from {{ counted if adds() else this }} {{ phrases }}
            except
            select outlet, topic_id from {{ ref('dim_topics') }} {{ phrases }}
        {% endset %}
        delete from {{ this }}
        where {{ found_by_outlet(run_query(dropped).rows, 'topic_id', 'bigint') }}
    {% endif %}
{% endmacro %}


{#- For int_pairs_counted: the condition for the topics on one `side` of the pairs that it has not
    counted yet. From constants Postgres sees that these topics have few articles. -#}
{% macro is_in_new_pair(table, side) -%}
    {%- if adds() -%}
        {%- set new_pairs -%}
            select outlet, {{ side }} as value
            from (
                select outlet, topic_id, other_topic_id from {{ ref('int_pairs_proposed') }}
                where articles is null
                except
                select outlet, topic_id, other_topic_id from {{ this }}
            ) as new_pairs
        {%- endset -%}
        {{ found_by_outlet(run_query(new_pairs).rows, 'topic_id', 'bigint', table) }}
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}
