{{
    config(
        materialized='incremental',
        incremental_strategy='by_parts',
        meta={'parts': 'days'},
        indexes=[
            {'columns': ['published_on', 'topic_id', 'article_key'], 'unique': true},
            {'columns': ['topic_id']},
        ],
        pre_hook="set local enable_memoize = off",
    )
}}

with

articles as (
    select * from {{ ref('int_articles_kept') }}
    where {{ is_stale('days') }}
),

-- Postgres would materialize a CTE that is read three times, and parallel workers cannot share it.
tokens_normalized as not materialized (
    select * from {{ ref('int_tokens_normalized') }}
),

read as (
    select
        articles.outlet,
        articles.article_key,
        articles.published_on,
        articles.archive_month,
        token.first,
        token.second,
        token.third
    from articles
    cross join lateral {{ headline_tokens('articles.headline') }} as split (tokens)
    -- Each word beside the next two: `tokens[n]` takes longer the larger n is.
    cross join lateral unnest(
        split.tokens, split.tokens[2:], split.tokens[3:]
    ) as token (first, second, third)
),

-- A phrase begins and ends with a word that is counted; any word may stand between.
said as (
    select
        read.outlet,
        read.article_key,
        read.published_on,
        read.archive_month,
        first_words.topic_id,
        first_words.word as term,
        case
            when second_words.is_counted and not first_words.is_end
                then first_words.word_inside || ' ' || second_words.word
        end as pair,
        case
            when third_words.is_counted and not first_words.is_end and not second_words.is_end
                then concat_ws(
                    ' ', first_words.word_inside, second_words.word_inside, third_words.word
                )
        end as triple
    from read
    inner join tokens_normalized as first_words
        on read.first = first_words.token and first_words.is_counted
    left join tokens_normalized as second_words
        on read.second = second_words.token
    left join tokens_normalized as third_words
        on read.third = third_words.token
),

laid_out as (
    select
        said.outlet,
        said.article_key,
        said.published_on,
        said.archive_month,
        said.topic_id,
        topics.label,
        topics.position = 1 as is_term
    from said
    cross join
        lateral unnest(
            array[said.term, said.pair, said.triple]
        ) with ordinality as topics (label, position)
    where topics.label is not null
),

identified as (
    select
        outlet,
        case when is_term then topic_id else {{ topic_id("'phrase'", 'label') }} end as topic_id,
        published_on,
        archive_month,
        article_key,
        case when is_term then 'term' else 'phrase' end as kind,
        label
    from laid_out
),

-- An article counts once for a topic, however often its headline says it.
terms as (
    select distinct on (topic_id, published_on, article_key) *
    from identified
    order by topic_id, published_on, article_key
)

select * from terms
