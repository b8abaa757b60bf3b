with

source as (
    select * from {{ source('gazette', 'gazette_articles') }}
),

-- The Gazette's documents: {"title": "..", "printed": "2020-01-31T23:30:00Z", "about": ["Ferries"]}.
renamed as (
    select
        archive_month,
        article_id,
        'article' as document_type,
        doc ->> 'title' as headline,
        (
            select coalesce(
                jsonb_agg(jsonb_build_object('name', 'subject', 'value', subject)), '[]'::jsonb
            )
            from jsonb_array_elements_text(doc -> 'about') as subject
        ) as keywords,
        null::text as section_name,
        null::text as web_url,
        (doc ->> 'printed')::timestamp with time zone as published_at
    from source
),

dated as (
    select
        *,
        (published_at at time zone '{{ var("outlets").gazette.time_zone }}')::date as published_on
    from renamed
)

select * from dated
