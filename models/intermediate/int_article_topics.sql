with

keywords as (
    select * from {{ ref('int_keywords_extracted') }}
),

terms as (
    select * from {{ ref('int_terms_extracted') }}
),

unioned as (
    select
        article_id,
        published_on,
        kind,
        label
    from keywords
    union all
    select
        article_id,
        published_on,
        kind,
        label
    from terms
),

identified as (
    select
        {{ topic_id('kind', 'label') }} as topic_id,
        article_id,
        published_on,
        kind,
        label
    from unioned
)

select * from identified
