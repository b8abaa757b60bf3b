with

topics as not materialized (
    select * from {{ ref('int_topics_counted') }}
),

days as (
    select * from {{ ref('int_days_versioned') }}
),

total as (
    select
        outlet,
        sum(articles)::double precision as articles
    from days
    group by outlet
),

phrases as (
    select
        outlet,
        topic_id,
        label,
        articles
    from topics
    where kind = 'phrase'
),

-- Materialized, so that Postgres looks all words up at once, not those of each phrase.
phrase_words as materialized (
    select
        phrases.outlet,
        phrases.topic_id,
        regexp_replace(word, '''s$', '') as word
    from phrases
    cross join lateral string_to_table(phrases.label, ' ') as word
),

-- Stop words in the middle of a phrase are no topics, so this join leaves them out.
words as (
    select
        phrase_words.outlet,
        phrase_words.topic_id,
        terms.articles
    from phrase_words
    inner join topics as terms
        on
            phrase_words.outlet = terms.outlet
            and phrase_words.word = terms.label
            and terms.kind = 'term'
),

expected as (
    select
        words.outlet,
        words.topic_id,
        count(*) as words,
        -- In a fixed order: the last digit of a sum depends on it.
        sum(ln(words.articles / total.articles) order by words.articles) as log_share
    from words
    inner join total
        on words.outlet = total.outlet
    group by words.outlet, words.topic_id
),

-- Normalised pointwise mutual information (Bouma, 2009): 0 where the words meet by chance, 1 where
-- none is ever without the others.
scored as (
    select
        phrases.outlet,
        phrases.topic_id,
        (
            (ln(phrases.articles / total.articles) - expected.log_share)
            / -((expected.words - 1) * ln(phrases.articles / total.articles))
        ) as association
    from phrases
    inner join expected
        on
            phrases.outlet = expected.outlet
            and phrases.topic_id = expected.topic_id
    inner join total
        on phrases.outlet = total.outlet
    where
        expected.words > 1
        and phrases.articles < total.articles
)

select * from scored
