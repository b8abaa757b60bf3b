{#-
    Where the server has Citus, tables are spread over its workers: large ones by a column
    (`distributed_by` in a model's meta), small ones as a copy on each (`reference: true`). Without
    Citus, or without either key, dbt's own SQL is what runs.

    The table is created without rows, spread, and filled by `insert .. select`, so that the workers do
    the work. `with no data`, since Citus would still run most of a query that ends in `limit 0`.
-#}
{% macro postgres__create_table_as(temporary, relation, sql) -%}
    {%- set spread = '' if temporary else spread_sql(relation) -%}
    {%- if not spread -%}
        {{ dbt.postgres__create_table_as(temporary, relation, sql) }}
    {%- elif config.get('contract').enforced -%}
        create table {{ relation }}
        {{ get_assert_columns_equivalent(sql) }}
        {{ get_table_columns_and_constraints() }};
        {{ spread }};
        insert into {{ relation }} ({{ adapter.dispatch('get_column_names', 'dbt')() }})
        {{ get_select_subquery(sql) }};
    {%- else -%}
        create table {{ relation }} as ({{ sql }}) with no data;
        {{ spread }};
        insert into {{ relation }}
        {{ sql }};
    {%- endif -%}
{%- endmacro %}

{#- Seeds likewise. -#}
{% macro postgres__create_csv_table(model, agate_table) -%}
    {%- set created = dbt.default__create_csv_table(model, agate_table) -%}
    {%- set spread = spread_sql(this) -%}
    {%- if spread -%}
        {%- do run_query(spread) -%}
    {%- endif -%}
    {{ return(created) }}
{%- endmacro %}

{#-
    The rows that `delete+insert` replaces. dbt's own `in (select distinct ..)` is a subquery that Citus
    would send to the workers, which do not have dbt's temporary table; as a join it is carried out on
    the coordinator.
-#}
{% macro postgres__get_delete_insert_merge_sql(
    target, source, unique_key, dest_columns, incremental_predicates
) -%}
    {%- if unique_key and not incremental_predicates and has_citus() -%}
        {%- set key = ([unique_key] if unique_key is string else unique_key) | join(', ') -%}
        delete from {{ target }}
        where ({{ key }}) in (select {{ key }} from {{ source }});
        {%- set unique_key = none -%}
    {%- endif -%}
    {{ dbt.default__get_delete_insert_merge_sql(
        target, source, unique_key, dest_columns, incremental_predicates
    ) }}
{%- endmacro %}

{#- What spreads the model's table over the workers; nothing where it is to stay as it is. -#}
{% macro spread_sql(relation) -%}
    {%- set meta = config.get('meta') or {} -%}
    {%- set column = meta.get('distributed_by') -%}
    {%- if (column or meta.get('reference')) and has_citus() -%}
        {%- if column -%}
            select create_distributed_table('{{ relation }}', '{{ column }}')
        {%- else -%}
            select create_reference_table('{{ relation }}')
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{% macro has_citus() -%}
    {%- set found = run_query("select true from pg_extension where extname = 'citus'") -%}
    {{ return(found | length > 0) }}
{%- endmacro %}
