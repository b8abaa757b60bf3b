{#-
    The same text for all spellings of a person (Biden, Joseph R Jr; Joseph R. Biden Jr.), whether the
    year of death stands beside the year of birth or not.
-#}
{% macro person_key(label) -%}
    regexp_replace(
        regexp_replace(
            replace(lower({{ label }}), '.', ''),
            '^([^,(]+), ([^(]+?)( [js]r| i{1,3}| iv)?( \(.*)?$', '\2 \1\3\4'
        ),
        '(\(\d{4})-[^)]*', '\1'
    )
{%- endmacro %}
