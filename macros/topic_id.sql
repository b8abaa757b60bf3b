{#- A topic's key: 64 bits of the MD5 of its kind and label, the same in every warehouse. -#}
{% macro topic_id(kind, label) -%}
    ('x' || left(md5({{ kind }} || ':' || {{ label }}), 16))::bit(64)::bigint
{%- endmacro %}
