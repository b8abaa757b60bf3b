{#-
    Text as a reader sees it: HTML entities decoded, tags and invisible characters taken out, each run of white
    space one space.

    A text with entities is split at them. A numbered entity is a code point, a named one is looked up in the
    seed html_entities. `&amp;` is decoded first, however often it was encoded (`&amp;amp;`), so that
    `&amp;#8217;` is decoded too.

    A tag has a name of HTML's, or closes, or has attributes. So "5 < 6", "<3" and "<your name>" stay. Tags that
    begin a new line leave a space. No pattern reaches past the next bracket, so that the search for tags takes
    time in proportion to the text's length.
-#}
{% macro plain_text(expression) -%}
    {%- set entity = '&#?[[:alnum:]]+;' -%}
    {#- They stand in SQL strings with escapes, so backslashes are doubled. -#}
    {%- set invisible = invisible_characters() | replace('\\', '\\\\') -%}
    {%- set spaces = space_characters() | replace('\\', '\\\\') -%}
    {#- Browsers read the numbers 128 to 159 as characters of Windows-1252. -#}
    {%- set windows_1252 = '€\\u0081‚ƒ„…†‡ˆ‰Š‹Œ\\u008dŽ\\u008f\\u0090‘’“”•–—˜™š›œ\\u009džŸ' -%}
    {%- set attribute -%}
        \\s+[a-z][a-z0-9:_-]*\\s*=\\s*(?:"[^"<>]*"|''[^''<>]*''|[^\\s"''<>]+)
    {%- endset -%}
    {%- set block_tags =
        'address|article|aside|blockquote|body|br|center|dd|div|dl|dt|figcaption|figure|footer|h[1-6]|head|header'
        '|hr|html|li|main|nav|ol|p|pre|section|table|tbody|td|tfoot|th|thead|tr|ul'
    -%}
    {%- set inline_tags =
        'a|abbr|acronym|b|bdi|bdo|big|cite|code|data|del|dfn|em|font|i|iframe|img|ins|kbd|link|mark|meta|nobr|q|s'
        '|samp|script|small|span|strike|strong|style|sub|sup|time|tt|u|var|video|wbr'
    -%}
    case
        -- Nearly all text is plain already, and the test takes a tenth of the time of the work.
        when {{ expression }} ~ e'{{ entity }}|<[a-zA-Z/!]|[{{ spaces ~ invisible }}]|[^\\S ]|^ | $|  '
            then btrim(
                regexp_replace(
                    regexp_replace(
                        regexp_replace(
                            regexp_replace(
                                case
                                    when {{ expression }} ~ '{{ entity }}'
                                        then (
                                            select
                                                string_agg(
                                                    case
                                                        when codes.code in (9, 10, 12, 13)
                                                            then ' '
                                                        when codes.code between 128 and 159
                                                            then substr(
                                                                e'{{ windows_1252 }}',
                                                                codes.code - 127,
                                                                1
                                                            )
                                                        when
                                                            codes.code between 32 and 55295
                                                            or codes.code between 57344 and 1114111
                                                            then chr(codes.code)
                                                        when entities.entity is not null
                                                            then coalesce(entities.character, ' ')
                                                        else parts.part[1]
                                                    end,
                                                    '' order by parts.position
                                                )
                                            from regexp_matches(
                                                regexp_replace(
                                                    {{ expression }}, '&(?:amp;|#0*38;|#x0*26;)+', '&', 'gi'
                                                ),
                                                '{{ entity }}|[^&]+|&',
                                                'g'
                                            ) with ordinality as parts (part, position)
                                            cross join lateral (
                                                select
                                                    case
                                                        when parts.part[1] ~ '^&#[0-9]{1,7};$'
                                                            then btrim(parts.part[1], '&#;')::integer
                                                        when parts.part[1] ~ '^&#[xX][0-9a-fA-F]{1,6};$'
                                                            then (
                                                                'x'
                                                                || lpad(btrim(parts.part[1], '&#xX;'), 8, '0')
                                                            )::bit(32)::integer
                                                    end as code
                                            ) as codes
                                            left join
                                                (select * from {{ ref('html_entities') }}) as entities
                                                on parts.part[1] = entities.entity
                                        )
                                    else {{ expression }}
                                end,
                                e'</?(?:{{ block_tags }})(?:{{ attribute }})*\\s*/?>', ' ', 'gi'
                            ),
                            e'</?(?:{{ inline_tags }})(?:{{ attribute }})*\\s*/?>'
                            || e'|<[a-z][a-z0-9:_-]*(?:{{ attribute }})+\\s*/?>'
                            || e'|</[a-z][a-z0-9:_-]*\\s*>|<!--[^<>]*-->',
                            '', 'gi'
                        ),
                        e'[{{ invisible }}]', '', 'g'
                    ),
                    e'[\\s{{ spaces }}]+', ' ', 'g'
                )
            )
        else {{ expression }}
    end
{%- endmacro %}
