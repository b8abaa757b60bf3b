{#-
    Characters that nobody sees, for the brackets of a regular expression: control characters, soft hyphens,
    joiners, fillers, marks of the writing direction, and what selects one form of the sign before it.
-#}
{% macro invisible_characters() -%}
    {%- set ranges -%}
        \u0001-\u0008\u000e-\u001f\u007f\u00ad\u034f\u061c\u115f-\u1160\u17b4-\u17b5\u180b-\u180f
        \u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb
        \U000e0000-\U000e007f\U000e0100-\U000e01ef
    {%- endset -%}
    {{ ranges.split() | join }}
{%- endmacro %}


{#- Spaces of all widths, since `\s` depends on the locale. -#}
{% macro space_characters() -%}
    \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u2800\u3000
{%- endmacro %}
