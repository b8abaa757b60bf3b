{#- The kinds of topics that are drawn from headlines, for a list in SQL: in (..), array[..]. -#}
{% macro headline_kinds() -%}
    '{{ var("headline_kinds") | join("', '") }}'
{%- endmacro %}
