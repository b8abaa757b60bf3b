{#-
    The incremental strategy `by_parts`: docs/how-models-are-rebuilt.md.

    dbt has put the rows of the model's query into a temporary table. Here they take the place of the
    rows of stale parts. Which rows these are depends on `builds` in the model's meta:

    parts      (nothing said) the rows of stale parts are deleted, the new ones inserted
    whole      all rows are deleted, the new ones inserted
    totals     as whole; but if all stale parts are new, only the rows with the same `unique_key` go
    additions  no row is deleted
-#}
{% macro get_incremental_by_parts_sql(arg_dict) %}
    {% set target = arg_dict['target_relation'] %}
    {% set insert = get_incremental_append_sql(arg_dict) %}
    {% set builds = config.meta_get('builds', 'parts') %}
    {% if not stale_parts() %}
        {% do return('select') %}
    {% elif builds == 'additions' %}
        {% do return(insert) %}
    {% elif builds == 'totals' and adds() %}
        {% do return(get_incremental_delete_insert_sql(arg_dict)) %}
    {% elif builds in ('whole', 'totals') %}
        {#- Faster than a delete, and leaves no dead rows; readers wait until the rows are in. -#}
        {% do return('truncate ' ~ target ~ ';' ~ insert) %}
    {% endif %}
    {% set conditions = [] %}
    {% for column in part_columns() %}
        {% do conditions.append(in_stale_parts(column)) %}
    {% endfor %}
    {% do return('delete from ' ~ target ~ ' where ' ~ conditions | join(' or ') ~ ';' ~ insert) %}
{% endmacro %}


{#-
    The project's one hook, after each model: statistics for the planner, and the versions that the
    model was built from. It runs in the transaction that has written the rows.

    A table without statistics is taken to hold few days, and all of it is read for each of them;
    autovacuum would gather them too late for the models that are built next.
-#}
{% macro finish_build() %}
    {% if model.config.incremental_strategy == 'by_parts' %}
        {% if not is_incremental() %}
            analyze {{ this }};
            {{ log_all_parts() }}
        {% elif stale_parts() %}
            {{ log_stale_parts() }}
        {% endif %}
    {% endif %}
{% endmacro %}
