{%- set columns = 'outlet, topic_id, published_on, archive_month, article_key, kind, label' -%}

with

keywords as (
    select * from {{ ref('int_keywords_extracted') }}
),

terms as (
    select * from {{ ref('int_terms_extracted') }}
),

unioned as (
    select {{ columns }} from keywords
    union all
    select {{ columns }} from terms
)

select * from unioned
