with

articles as (
    select * from {{ ref('int_articles_counted') }}
),

keyword_kinds as (
    select * from {{ ref('keyword_kinds') }}
),

internal_tags as (
    select * from {{ ref('internal_tags') }}
),

keywords as (
    select
        articles.article_id,
        articles.published_on,
        lower(keyword.name) as name,
        btrim(regexp_replace(keyword.value, '\s+', ' ', 'g')) as label
    from articles
    cross join lateral jsonb_to_recordset(articles.keywords) as keyword (name text, value text)
),

kinds_named as (
    select distinct
        keywords.article_id,
        keywords.published_on,
        keyword_kinds.kind,
        keywords.label
    from keywords
    inner join keyword_kinds
        on keywords.name = keyword_kinds.name
    where keywords.label <> ''
),

-- Each label is held against the patterns once, not once for each of its articles.
subject_labels as (
    select distinct label
    from kinds_named
    where kind = 'subject'
),

tags as (
    select labels.label
    from subject_labels as labels
    inner join internal_tags
        on labels.label ilike internal_tags.pattern
),

topics as (
    select kinds_named.*
    from kinds_named
    left join tags
        on kinds_named.label = tags.label and kinds_named.kind = 'subject'
    where tags.label is null
)

select * from topics
