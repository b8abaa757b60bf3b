{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        indexes=[
            {'columns': ['published_on', 'topic_id', 'article_key'], 'unique': true},
            {'columns': ['topic_id']},
        ],
        pre_hook="{{ delete_stale(source_versions(), 'published_on') }}",
        post_hook=["{{ analyze_new() }}", "{{ log_built(source_versions()) }}"],
    )
}}

with

articles as (
    select * from {{ ref('int_articles_counted') }}
    where {{ is_stale(source_versions(), 'published_on') }}
),

stop_words as (
    select * from {{ ref('stop_words') }}
),

label_merges as (
    select * from {{ ref('label_merges') }}
),

-- Apostrophes of all sorts become one. A bar parts phrases where anything stands but letters,
-- digits, spaces; full stops and single hyphens stay for now, since they also stand inside words
-- (u.s., covid-19).
split as (
    select
        article_key,
        published_on,
        archive_month,
        array_remove(
            string_to_array(
                regexp_replace(
                    translate(
                        lower(normalize(headline, nfkc)), '‘’‛′`´ʼ', e'\'\'\'\'\'\'\''
                    ),
                    '--|[^[:alnum:]''. -]', ' | ', 'g'
                ),
                ' '
            ),
            ''
        ) as tokens
    from articles
),

-- Each token is looked at once, not once for each headline that has it.
tokens as (
    select distinct token
    from split
    cross join lateral unnest(tokens) as token
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
        case
            when word ~ '^[[:alpha:]](\.[[:alpha:]])+$' then word || '.' else word
        end as word,
        case
            when trimmed ~ '^[[:alpha:]](\.[[:alpha:]])+$' then trimmed || '.' else trimmed
        end as word_inside,
        -- A full stop ends a phrase, unless it is an abbreviation's (dr., w.).
        word in ('', '|') or (token like '%.' and length(token) > 4) as is_end
    from without_possessives
),

words as (
    select
        with_abbreviations.token,
        with_abbreviations.is_end,
        coalesce(label_merges.merged_label, with_abbreviations.word) as word,
        -- Inside a phrase a word keeps its possessive: women's march.
        coalesce(label_merges.merged_label, with_abbreviations.word_inside) as word_inside,
        length(with_abbreviations.word) > 1
        and with_abbreviations.word ~ '[[:alpha:]]'
        and coalesce(stop_words.in_phrases, true) as is_counted
    from with_abbreviations
    left join stop_words
        on with_abbreviations.word = stop_words.word
    left join label_merges
        on with_abbreviations.word = label_merges.label and label_merges.kind = 'term'
),

threes as (
    select
        split.article_key,
        split.published_on,
        split.archive_month,
        split.tokens[position] as first,
        split.tokens[position + 1] as second,
        split.tokens[position + 2] as third
    from split
    cross join lateral generate_subscripts(split.tokens, 1) as position
),

-- A phrase begins and ends with a word that is counted; between two, any word may stand.
read as (
    select
        threes.article_key,
        threes.published_on,
        threes.archive_month,
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
    from threes
    inner join words as first_words
        on threes.first = first_words.token and first_words.is_counted
    left join words as second_words
        on threes.second = second_words.token
    left join words as third_words
        on threes.third = third_words.token
),

unioned as (
    select
        article_key,
        published_on,
        archive_month,
        'term' as kind,
        term as label
    from read
    union all
    select
        article_key,
        published_on,
        archive_month,
        'phrase' as kind,
        pair as label
    from read
    where pair is not null
    union all
    select
        article_key,
        published_on,
        archive_month,
        'phrase' as kind,
        triple as label
    from read
    where triple is not null
),

identified as (
    select
        {{ topic_id('kind', 'label') }} as topic_id,
        published_on,
        archive_month,
        article_key,
        kind,
        label
    from unioned
),

-- An article counts once for a topic, however often its headline says it.
terms as (
    select distinct on (topic_id, published_on, article_key) *
    from identified
    order by topic_id, published_on, article_key
)

select * from terms
