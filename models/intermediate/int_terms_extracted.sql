with

articles as (
    select * from {{ ref('int_articles_counted') }}
),

stop_words as (
    select * from {{ ref('stop_words') }}
),

-- Quotes and apostrophes of all sorts become one; what separates words becomes a space. Full stops
-- and single hyphens stay for now: they also stand inside words (u.s., covid-19).
unpunctuated as (
    select
        article_id,
        published_on,
        replace(
            translate(
                lower(normalize(headline, nfkc)),
                e'‘’‛′`´ʼ“”„‟«»"…–—―/\\|,;:!?¿¡()[]{}<>*#%&+=@~^_$£€•·',
                e'\'\'\'\'\'\'\'                                                     '
            ),
            '--', ' '
        ) as headline
    from articles
),

words as (
    select
        unpunctuated.article_id,
        unpunctuated.published_on,
        btrim(word, e'\'.-') as word
    from unpunctuated
    cross join lateral string_to_table(unpunctuated.headline, ' ') as word
    where word <> ''
),

without_possessives as (
    select
        article_id,
        published_on,
        btrim(case when word like e'%\'s' then left(word, -2) else word end, e'\'.-') as word
    from words
),

labels as (
    select
        article_id,
        published_on,
        -- An abbreviation (u.s) has lost its last full stop with the sentence's.
        case when word ~ '^[[:alpha:]](\.[[:alpha:]])+$' then word || '.' else word end as label
    from without_possessives
    where
        length(word) > 1
        and word ~ '[[:alpha:]]'
),

terms as (
    select distinct
        labels.article_id,
        labels.published_on,
        'term' as kind,
        labels.label
    from labels
    left join stop_words
        on labels.label = stop_words.word
    where stop_words.word is null
)

select * from terms
