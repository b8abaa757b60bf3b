with

source as (
    select * from {{ source('nyt', 'nyt_articles') }}
),

-- One pass over each document: a document beyond 2 kB is read from outside its row each time it is
-- asked for a field.
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
        document_type text,
        headline jsonb,
        keywords jsonb,
        pub_date text,
        section_name text,
        web_url text
    )
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
