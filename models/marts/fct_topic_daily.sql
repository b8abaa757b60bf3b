with

article_topics as (
    select * from {{ ref('int_article_topics') }}
),

daily as (
    select
        topic_id,
        published_on,
        count(*)::integer as articles
    from article_topics
    group by topic_id, published_on
)

select * from daily
