{#-
    Phrases come and go: they are topics as long as they are frequent. The daily counts of those that
    have come are built for all days, of those that have gone deleted.
-#}
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


{#- A `pre_hook`. Where articles are only added, phrases alone go, and are counted still. -#}
{% macro delete_dropped_topics(counted) %}
    {% if is_incremental() %}
        {% set dropped %}
            select topic_id from {{ this }}
            except
            select topic_id from {{ ref('dim_topics') }}
        {% endset %}
        {% set dropped_but_counted %}
            select topic_id from {{ counted }} where kind = 'phrase'
            except
            select topic_id from {{ ref('dim_topics') }} where kind = 'phrase'
        {% endset %}
        {% set found = run_query(dropped if builds_whole(source_versions()) else dropped_but_counted) %}
        delete from {{ this }}
        where topic_id = any('{ {{- found.columns[0].values() | join(',') -}} }'::bigint [])
    {% endif %}
{% endmacro %}


{#-
    Pairs come and go likewise. A condition for the topics that stand in the `side` of a pair that has
    come: as constants, from which the planner sees that they have few articles.
-#}
{% macro is_in_new_pair(column, side, adds) -%}
    {%- if adds -%}
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


{#- A `post_hook`. -#}
{% macro delete_dropped_pairs() %}
    {% if is_incremental() %}
        delete from {{ this }} as counted
        where
            not exists (
                select
                from {{ ref('int_pairs_proposed') }} as pairs
                where
                    pairs.topic_id = counted.topic_id
                    and pairs.other_topic_id = counted.other_topic_id
            )
    {% endif %}
{% endmacro %}
