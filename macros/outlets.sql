{#-
    The staging models of all outlets as one query, with the outlet's name first. An outlet is an entry of
    the var `outlets` and a folder of staging models, stg_<outlet>__months, _articles, _rejects and
    _fields, which all have the same columns.
-#}
{% macro united(entity, columns) -%}
    {%- set selects = [] -%}
    {%- for outlet in var('outlets') -%}
        {%- set staged = ref('stg_' ~ outlet ~ '__' ~ entity) -%}
        {%- set named = ["'" ~ outlet ~ "'::text as outlet"] + columns -%}
        {%- do selects.append('select ' ~ named | join(', ') ~ ' from ' ~ staged) -%}
    {%- endfor -%}
    {{ selects | join(' union all ') }}
{%- endmacro %}


{#- An article's key: 64 bits of the MD5 of its outlet and id. Of the New York Times it is the id's
    alone, as it was when that was the only outlet. -#}
{% macro article_key(outlet, article_id) -%}
    (
        'x' || left(
            md5(case when {{ outlet }} = 'nyt' then '' else {{ outlet }} || ':' end || {{ article_id }}),
            16
        )
    )::bit(64)::bigint
{%- endmacro %}


{#- The condition for rows in which an outlet's column has one of the values that were found for it:
    `found` has rows of outlet and value. -#}
{% macro found_by_outlet(found, column, type, table=none) -%}
    {%- set of_table = table ~ '.' if table else '' -%}
    {%- set conditions = [] -%}
    {%- for outlet, rows in found | groupby('outlet') -%}
        {%- set values = rows | map(attribute='value') | unique | join(',') -%}
        {%- do conditions.append(
            of_table ~ "outlet = '" ~ outlet ~ "' and " ~ of_table ~ column
            ~ " = any('{" ~ values ~ "}'::" ~ type ~ ' [])'
        ) -%}
    {%- endfor -%}
    ({{ conditions | join(' or ') or 'false' }})
{%- endmacro %}
