with

source as (
    select * from {{ source('nyt', 'nyt_articles') }}
),

-- The document is unpacked once: beyond 2 kB it lies outside its row and would be read from there
-- for each field.
fields as (
    select
        source.archive_month,
        source.article_id,
        doc.value ->> 'document_type' as document_type,
        doc.value -> 'headline' as headline,
        doc.value -> 'keywords' as keywords,
        doc.value ->> 'pub_date' as pub_date,
        doc.value ->> 'section_name' as section_name,
        doc.value ->> 'web_url' as web_url
    from source
    cross join lateral jsonb_path_query(source.doc, '$') as doc (value)
),

parsed as (
    select
        archive_month,
        article_id,
        web_url,
        lower(document_type) as document_type,
        nullif(section_name, '') as section_name,
        {{ plain_text("headline ->> 'main'") }} as headline,
        case when jsonb_typeof(keywords) = 'array' then keywords else '[]'::jsonb end as keywords,
        -- Postgres also takes words for a time, such as yesterday: only a written date counts.
        case
            when
                pub_date ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}T'
                and pg_input_is_valid(pub_date, 'timestamp with time zone')
                then pub_date::timestamp with time zone
        end as published_at
    from fields
),

dated as (
    select
        *,
        -- Documents of the oldest shape, known by their ids of 24 hex digits, have a date and no
        -- time of day: midnight UTC stands for the day, not for the evening before in New York.
        case
            when
                article_id ~ '^[0-9a-f]{24}$'
                and date_trunc('day', published_at, 'UTC') = published_at
                then (published_at at time zone 'UTC')::date
            else (published_at at time zone 'America/New_York')::date
        end as published_on
    from parsed
)

select * from dated
