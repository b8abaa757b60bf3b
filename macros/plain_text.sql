{#-
    Text as a reader sees it: HTML entities decoded, white space folded, invisible characters removed.

    The few texts with entities are taken apart at them; a numbered entity is its code point, a named one
    comes from the seed html_entities. `&amp;` goes first, so that `&amp;#8217;` is decoded as well.
-#}
{% macro plain_text(expression) -%}
    {%- set entity = '&#?[[:alnum:]]+;' -%}
    {#- Spaces of other widths become spaces; soft hyphens, joiners and marks vanish. -#}
    {%- set spaces = '\\u00a0\\u2002\\u2003\\u2009\\u202f' -%}
    {%- set invisible = '\\u00ad\\u200b\\u200c\\u200d\\u2060\\ufeff' -%}
    case
        -- Nearly all text is plain already: to ask takes a tenth of what it takes to make it so.
        when {{ expression }} ~ e'{{ entity }}|[{{ spaces ~ invisible }}]|[^\\S ]|^ | $|  '
            then btrim(
                regexp_replace(
                    translate(
                        case
                            when {{ expression }} ~ '{{ entity }}'
                                then (
                                    select
                                        string_agg(
                                            case
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
                                        replace({{ expression }}, '&amp;', '&'),
                                        '{{ entity }}|[^&]+|&',
                                        'g'
                                    ) with ordinality as parts (part, position)
                                    cross join lateral (
                                        select
                                            case
                                                when parts.part[1] ~ '^&#[0-9]{2,7};$'
                                                    then btrim(parts.part[1], '&#;')::integer
                                                when parts.part[1] ~ '^&#[xX][0-9a-fA-F]{2,6};$'
                                                    then (
                                                        'x'
                                                        || lpad(btrim(parts.part[1], '&#xX;'), 8, '0')
                                                    )::bit(32)::integer
                                            end as code
                                    ) as codes
                                    left join (select * from {{ ref('html_entities') }}) as entities
                                        on parts.part[1] = entities.entity
                                )
                            else {{ expression }}
                        end,
                        e'{{ spaces ~ invisible }}',
                        '     '
                    ),
                    '\s+', ' ', 'g'
                )
            )
        else {{ expression }}
    end
{%- endmacro %}
