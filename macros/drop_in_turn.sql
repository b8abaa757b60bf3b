{#-
    dbt's own macros for dropping what a model has replaced, one at a time. What depends on it is dropped
    too: two threads that drop a view each, and with it the same views in another order, would wait for
    each other for ever.
-#}
{% macro postgres__drop_view(relation) -%}
    {{ wait_for_other_drops() }}
    {{ dbt.postgres__drop_view(relation) }}
{%- endmacro %}


{% macro postgres__drop_table(relation) -%}
    {{ wait_for_other_drops() }}
    {{ dbt.postgres__drop_table(relation) }}
{%- endmacro %}


{#- The lock is free again when the transaction of the drop has ended. -#}
{% macro wait_for_other_drops() -%}
    select pg_advisory_xact_lock(hashtext('news-growth: dbt drops a relation'));
{%- endmacro %}
