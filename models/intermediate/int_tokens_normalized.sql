{{
    config(
        materialized='incremental',
        incremental_strategy='by_parts',
        meta={'parts': 'days', 'builds': 'additions'},
        indexes=[{'columns': ['token'], 'type': 'hash'}],
        pre_hook="set local enable_memoize = off",
    )
}}

{#- The longest word of 344,000 real headlines has 33 characters. -#}
{% set longest_word = 100 %}

with

articles as (
    select * from {{ ref('int_articles_kept') }}
    where {{ is_stale('days') }}
),

stop_words as (
    select * from {{ ref('stop_words') }}
),

label_merges as (
    select * from {{ ref('label_merges') }}
),

said as (
    select token.token
    from articles
    cross join lateral unnest({{ headline_tokens('articles.headline') }}) as token (token)
),

-- Words that no headline has any more stay: nothing looks them up.
tokens as (
    select token from said
    {% if is_incremental() -%}
        where
            not exists (
                select
                from {{ this }} as known
                where known.token = said.token
            )
    {%- endif %}
    group by token
),

trimmed as (
    select
        token,
        btrim(token, e'\'.-') as trimmed
    from tokens
),

without_possessives as (
    select
        token,
        trimmed,
        btrim(
            case when trimmed like e'%\'s' then left(trimmed, -2) else trimmed end, e'\'.-'
        ) as word
    from trimmed
),

with_abbreviations as (
    select
        token,
        -- An abbreviation (u.s) has lost its last full stop with the sentence's.
        -- With an ampersand it is written with full stops or without (s.&p., s&p).
        case
            when word ~ '^[[:alpha:]](\.[[:alpha:]])+$' then word || '.'
            else replace(word, '.&', '&')
        end as word,
        case
            when trimmed ~ '^[[:alpha:]](\.[[:alpha:]])+$' then trimmed || '.'
            else replace(trimmed, '.&', '&')
        end as word_inside,
        -- A full stop ends a phrase, unless it is an abbreviation's (dr., w.).
        -- So does what is too long for a word.
        word in ('', '|')
        or (token like '%.' and length(token) > 4 and token not like '%.&%')
        or length(token) > {{ longest_word }} as is_end
    from without_possessives
),

normalized as (
    select
        with_abbreviations.token,
        with_abbreviations.is_end,
        coalesce(label_merges.merged_label, with_abbreviations.word) as word,
        -- Inside a phrase a word keeps its possessive: women's march.
        coalesce(label_merges.merged_label, with_abbreviations.word_inside) as word_inside,
        length(with_abbreviations.word) between 2 and {{ longest_word }}
        and with_abbreviations.word ~ '[[:alpha:]]'
        and coalesce(stop_words.in_phrases, true) as is_counted
    from with_abbreviations
    left join stop_words
        on with_abbreviations.word = stop_words.word
    left join label_merges
        on with_abbreviations.word = label_merges.label and label_merges.kind = 'term'
)

select
    *,
    {{ topic_id("'term'", 'word') }} as topic_id
from normalized
