{#- An article's key: 64 bits of the MD5 of its id, which is a text of 50 characters. -#}
{% macro article_key(article_id) -%}
    ('x' || left(md5({{ article_id }}), 16))::bit(64)::bigint
{%- endmacro %}
