{#-
    What is the same for all spellings of a person: Biden, Joseph R Jr; Joseph R. Biden Jr.; and the
    year of birth, with the year of death or without it.
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
