{#-
    A headline's words in small letters, with the marks between them. Apostrophes of all sorts become one, and so
    do hyphens; dashes are marks. Characters that are one byte each are ASCII, of which every normal form is
    itself. To normalise thousands of signs on one letter would take seconds, so very long text stays as it is.
    A bar parts phrases where anything stands but letters, digits, spaces; full stops and single hyphens stay
    for now, since they also stand inside words (u.s., covid-19). An ampersand stays where a letter or two stand
    on a side of it: at&t, q&a, j.&j.
-#}
{% macro headline_tokens(headline) -%}
    {%- set word = word_characters() -%}
    {%- set from = '`´‘’‛′ʼ׳‐‑‒−־֊' -%}
    array_remove(
        string_to_array(
            regexp_replace(
                lower(
                    case
                        when octet_length({{ headline }}) = length({{ headline }})
                            then translate({{ headline }}, '`', '''')
                        when length({{ headline }}) > 1000
                            then translate({{ headline }}, '{{ from }}', e'\'\'\'\'\'\'\'\'------')
                        else
                            normalize(
                                translate({{ headline }}, '{{ from }}', e'\'\'\'\'\'\'\'\'------'), nfkc
                            )
                    end
                ),
                case
                    when {{ headline }} like '%&%'
                        then
                            '--|[^{{ word }}''. &-]|(?<![[:alnum:]]|\m[[:alpha:]]\.)&'
                            || '|&(?![[:alpha:]])|(?<=[[:alnum:]]{3})&(?=[[:alnum:]]{3})'
                    else '--|[^{{ word }}''. -]'
                end,
                ' | ', 'g'
            ),
            ' '
        ),
        ''
    )
{%- endmacro %}
