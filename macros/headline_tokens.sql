{#-
    A headline's words in small letters, with the marks between them. Apostrophes of all sorts become one.
    Characters that are one byte each are ASCII, of which every normal form is itself.
    A bar parts phrases where anything stands but letters, digits, spaces; full stops and single hyphens
    stay for now, since they also stand inside words (u.s., covid-19).
-#}
{% macro headline_tokens(headline) -%}
    array_remove(
        string_to_array(
            regexp_replace(
                translate(
                    lower(
                        case
                            when octet_length({{ headline }}) = length({{ headline }}) then {{ headline }}
                            else normalize({{ headline }}, nfkc)
                        end
                    ),
                    '‘’‛′`´ʼ', e'\'\'\'\'\'\'\''
                ),
                '--|[^[:alnum:]''. -]', ' | ', 'g'
            ),
            ' '
        ),
        ''
    )
{%- endmacro %}
