{#- dbt's own macro for the rows that a test looks at, with one placeholder more: a `where` that
    says __newest_run__ looks at the newest fit only. A stored fit does not change, so it is enough
    to test each one while it is the newest. -#}
{% macro get_where_subquery(relation) -%}
    {%- set newest = 'run_id = (select run_id from growth.runs order by fitted_at desc limit 1)' -%}
    {%- set where = (config.get('where') or '') | replace('__newest_run__', newest) -%}
    {%- if where -%}
        (select * from {{ relation }} where {{ where }}) dbt_subquery
    {%- else -%}
        {{ relation }}
    {%- endif -%}
{%- endmacro %}
