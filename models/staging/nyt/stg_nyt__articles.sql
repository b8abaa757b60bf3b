{#- What is far longer than anything in the archive is not read: one document must not cost a build.
    The longest of 373,688 real documents: a headline of 434 characters, a keyword of 112, 57 keywords. -#}
{%- set longest_headline = 10000 -%}
{%- set longest_keyword = 1000 -%}
{%- set most_keywords = 1000 -%}
{#- YYYY-MM-DD, or that with a time of day, and with or without a zone. -#}
{%- set day = '(?:185[1-9]|18[6-9][0-9]|19[0-9]{2}|2[01][0-9]{2})-[01][0-9]-[0-3][0-9]' -%}
{%- set time_of_day = '(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.][0-9]+)?)?' -%}
{%- set zone = '(?:Z|UTC|[+-](?:0[0-9]|1[0-5])(?::?[0-5][0-9])?)' -%}
{#- For Postgres: no more digits than it has room for, and UTC where no zone is named. -#}
{%- set written -%}
    case
        when length(pub_date) > 27
            then left(pub_date, 11) || regexp_replace(
                substr(pub_date, 12), '([.][0-9]{6})[0-9]*| +', '\1', 'g'
            )
        else pub_date
    end
    || case when substr(pub_date, 12) ~ 'Z$|UTC$|[+-]' then '' else ' UTC' end
{%- endset -%}
{#- What programs write for a value that is not there, and for an object as a text. -#}
{%- set nothing = '^\\s*(?:nan|none|null|n/?a|undefined)\\s*$' -%}
{%- set object_with_main -%} ^\s*[{].*["'']main\\?["''] {%- endset -%}

with

source as (
    select * from {{ source('nyt', 'nyt_articles') }}
),

-- One function reads all fields. A document beyond 2 kB is stored outside its row, and would be
-- fetched from there again for each field.
fields as (
    select
        source.archive_month,
        source.article_id,
        doc.document_type,
        doc.headline,
        doc.keywords,
        doc.pub_date,
        doc.section_name,
        doc.web_url
    from source
    cross join lateral jsonb_to_record(source.doc) as doc (
        document_type jsonb,
        headline jsonb,
        keywords jsonb,
        pub_date text,
        section_name text,
        web_url text
    )
),

texts as (
    select
        archive_month,
        article_id,
        web_url,
        keywords,
        pub_date,
        nullif(section_name, '') as section_name,
        case
            when jsonb_typeof(document_type) = 'string'
                -- The letters A to Z alone, whatever the locale.
                then lower((document_type #>> '{}') collate "C") collate "default"
        end as document_type,
        case
            when jsonb_typeof(headline -> 'main') = 'string' then headline ->> 'main'
            when jsonb_typeof(headline) = 'string' then headline #>> '{}'
        end as headline
    from fields
),

parsed as (
    select
        archive_month,
        article_id,
        web_url,
        document_type,
        section_name,
        case
            when length(headline) > {{ longest_headline }} then null
            -- One pattern for both: each mention of the headline reads the document again.
            when headline ~* '{{ nothing }}|{{ object_with_main }}'
                then case when headline !~ '^\s*[{]' then '' end
            else {{ plain_text('headline') }}
        end as headline,
        case
            when jsonb_typeof(keywords) <> 'array' then '[]'::jsonb
            when jsonb_array_length(keywords) > {{ most_keywords }} then '[]'::jsonb
            -- Nearly all keywords are well formed, and together shorter than the longest allowed.
            when
                pg_column_size(keywords) <= {{ longest_keyword }}
                and not keywords
                @? '$[*] ? (!(@.name.type() == "string" && @.value.type() == "string"))'
                then keywords
            else (
                select coalesce(jsonb_agg(entries.keyword order by entries.position), '[]'::jsonb)
                from (
                    select
                        case jsonb_typeof(entry)
                            when 'object' then entry
                            when 'string'
                                then case
                                    when entry #>> '{}' !~* '^\s*[{]|{{ nothing }}'
                                        then jsonb_build_object('name', 'subject', 'value', entry)
                                end
                        end as keyword,
                        row_number() over () as position
                    from jsonb_array_elements(keywords) as entry
                ) as entries
                where
                    jsonb_typeof(entries.keyword -> 'name') = 'string'
                    and jsonb_typeof(entries.keyword -> 'value') = 'string'
                    and length(entries.keyword ->> 'name') <= {{ longest_keyword }}
                    and length(entries.keyword ->> 'value') <= {{ longest_keyword }}
            )
        end as keywords,
        length(pub_date) = 10 as is_day_alone,
        case
            -- How nearly all dates are written; a regular expression would take ten times as long.
            when
                translate(pub_date, '123456789', '000000000') in (
                    '0000-00-00T00:00:00Z', '0000-00-00T00:00:00+0000', '0000-00-00T00:00:00.000Z'
                )
                and left(pub_date, 4) collate "C" between '1851' and '2199'
                and substr(pub_date, 12, 2) collate "C" < '24'
                and substr(pub_date, 18, 2) collate "C" < '60'
                and pg_input_is_valid(pub_date, 'timestamp with time zone')
                then pub_date::timestamp with time zone
            when
                pub_date ~ '^{{ day }}(?:[T ]{{ time_of_day }} *{{ zone }}?)?$'
                and pg_input_is_valid({{ written }}, 'timestamp with time zone')
                then ({{ written }})::timestamp with time zone
        end as published_at
    from texts
),

dated as (
    select
        archive_month,
        article_id,
        document_type,
        headline,
        keywords,
        section_name,
        web_url,
        published_at,
        -- A day alone is that day. Documents of the oldest shape, known by their ids of 24 hex
        -- digits, have no time of day either: midnight UTC stands for the day, not for the evening
        -- before in New York.
        case
            when
                is_day_alone
                or (
                    article_id ~ '^[0-9a-f]{24}$'
                    and date_trunc('day', published_at, 'UTC') = published_at
                )
                then (published_at at time zone 'UTC')::date
            else (published_at at time zone '{{ var("outlets").nyt.time_zone }}')::date
        end as published_on
    from parsed
)

select * from dated
