{#- A label in capitals as headlines write it: ARTS AND CRAFTS becomes Arts and Crafts. -#}
{% macro headline_case(label) -%}
    {%- set ns = namespace(text="regexp_replace(initcap(" ~ label ~ "), '''S\\M', '''s', 'g')") -%}
    {%- for word in ['And', 'At', 'By', 'For', 'From', 'In', 'Of', 'On', 'Or', 'The', 'To'] -%}
        {%- set words = "' " ~ word ~ " ', ' " ~ word | lower ~ " '" -%}
        {%- set ns.text = "replace(\n" ~ ns.text ~ ", " ~ words ~ "\n)" -%}
    {%- endfor -%}
    {{ ns.text }}
{%- endmacro %}
