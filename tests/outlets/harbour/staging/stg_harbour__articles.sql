with

source as (
    select * from {{ source('harbour', 'harbour_articles') }}
),

stories as (
    select
        source.archive_month,
        source.article_id,
        story.title as headline,
        story.link as web_url,
        story.tags,
        case when pg_input_is_valid(story.day, 'date') then story.day::date end as published_on
    from source
    cross join lateral jsonb_to_record(source.doc) as story (
        title text,
        link text,
        day text,
        tags jsonb
    )
),

renamed as (
    select
        archive_month,
        article_id,
        'article' as document_type,
        headline,
        (
            select
                coalesce(
                    jsonb_agg(jsonb_build_object('name', tag ->> 'kind', 'value', tag ->> 'name')),
                    '[]'::jsonb
                )
            from jsonb_array_elements(tags) as tag
        ) as keywords,
        null::text as section_name,
        web_url,
        published_on::timestamp with time zone as published_at,
        published_on
    from stories
)

select * from renamed
