{#-
    A headline's words in small letters, with the marks between them. Apostrophes of all sorts become one, and so
    do hyphens; dashes are marks. Signs of trade marks go, and fractions, which would become digits in the next
    word. Characters that are one byte each are ASCII, of which every normal form is itself. To normalise
    thousands of signs on one letter would take seconds, so very long text stays as it is.
    A bar parts phrases where anything stands but letters, digits, spaces; single full stops and hyphens stay
    for now, since they also stand inside words (u.s., covid-19), and so does the comma of thousands (1,000th).
    An ampersand stays where a letter or two stand on a side of it: at&t, q&a, j.&j.
-#}
{% macro headline_tokens(headline) -%}
    {%- set word = word_characters() -%}
    {%- set ns = namespace(from='', to='') -%}
    {#- The last go: nothing stands for them. -#}
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
                        when length({{ headline }}) > 1000
                            then translate({{ headline }}, '{{ ns.from }}', e'{{ ns.to }}')
                        else
                            normalize(translate({{ headline }}, '{{ ns.from }}', e'{{ ns.to }}'), nfkc)
                    end
                ),
                -- Few headlines need the longer pattern, which takes longer too.
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
