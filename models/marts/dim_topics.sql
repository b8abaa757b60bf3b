with

article_topics as (
    select * from {{ ref('int_article_topics') }}
),

topics as (
    select
        topic_id,
        min(kind) as kind,
        min(label) as label,
        count(*) as articles,
        min(published_on) as first_seen_on,
        max(published_on) as last_seen_on
    from article_topics
    group by topic_id
)

select * from topics
