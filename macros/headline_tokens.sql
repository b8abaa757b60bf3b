{#-
    A headline's words in lower case, with a bar where punctuation ends a phrase.

    First, characters that look alike become one: all kinds of apostrophes, all kinds of hyphens (dashes are
    punctuation). Trade mark signs and fractions are taken out: Unicode's normal form would turn them into
    letters and digits of the next word. A text of ASCII alone, one byte a character, is in normal form already.

    Then everything but letters, digits and spaces becomes a bar. Single full stops and hyphens stay, since they
    also stand inside words (u.s., covid-19); so does the comma of thousands (1,000th), and an ampersand with a
    letter or two on one side (at&t, q&a, j.&j.).
-#}
{% macro headline_tokens(headline) -%}
    {%- set word = word_characters() -%}
    {#- To bring thousands of signs on one letter into normal form would take seconds. -#}
    {%- set longest_normalized = 1000 -%}
    {%- set ns = namespace(from='', to='') -%}
    {#- Characters with nothing beside them are taken out. -#}
    {%- for characters, one in [
        ('`´‘’‛′ʻʼ׳', "\\'"), ('‐‑‒−־֊', '-'), ('＆﹠', '&'), ('，', ','),
        ('¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞⅟↉', ' '), ('™℠®©', '')
    ] -%}
        {%- set ns.from = ns.from ~ characters -%}
        {%- set ns.to = ns.to ~ one * (characters | length) -%}
    {%- endfor -%}
    array_remove(
        string_to_array(
            regexp_replace(
                lower(
                    case
                        when octet_length({{ headline }}) = length({{ headline }})
                            then translate({{ headline }}, '`', '''')
                        when length({{ headline }}) > {{ longest_normalized }}
                            then translate({{ headline }}, '{{ ns.from }}', e'{{ ns.to }}')
                        else
                            normalize(translate({{ headline }}, '{{ ns.from }}', e'{{ ns.to }}'), nfkc)
                    end
                ),
                -- The longer pattern is slower, and few headlines need it.
                case
                    when {{ headline }} ~ '[&＆﹠]|[0-9][,，][0-9]{3}'
                        then
                            '--|[.]{2,}|[^{{ word }}''. &,-]|(?<![[:alnum:]]|\m[[:alpha:]]\.)&'
                            || '|&(?![[:alpha:]])|(?<=[[:alnum:]]{3})&(?=[[:alnum:]]{3})'
                            || '|(?<!(?:^|[^0-9])[0-9]{1,3}),|,(?![0-9]{3}(?:[^0-9]|$))'
                    else '--|[.]{2,}|[^{{ word }}''. -]'
                end,
                ' | ', 'g'
            ),
            ' '
        ),
        ''
    )
{%- endmacro %}
