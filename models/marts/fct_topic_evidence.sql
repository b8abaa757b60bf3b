-- A view, since what `growth fit` has just written shows at once. Ask for topics by
-- `run_id = ... and topic_id = ...` or `topic_id = any(...)`: then only these are looked up.
with

steep_weeks as (
    select * from {{ ref('fct_topic_steep_weeks') }}
),

runs as (
    select * from {{ ref('stg_growth__runs') }}
),

article_topics as (
    select * from {{ ref('int_article_topics') }}
),

articles as not materialized (
    select * from {{ ref('int_articles_dated') }}
),

numbered as (
    select
        steep_weeks.run_id,
        steep_weeks.topic_id,
        steep_weeks.week_start,
        steep_weeks.rank as week_rank,
        article_topics.article_key,
        article_topics.archive_month,
        row_number() over (
            partition by steep_weeks.run_id, steep_weeks.topic_id, steep_weeks.rank
            order by article_topics.article_key
        ) as position
    from steep_weeks
    inner join runs
        on steep_weeks.run_id = runs.run_id
    -- Day by day, for the key begins with the day.
    cross join lateral generate_series(0, 6) as day
    inner join article_topics
        on
            runs.outlet = article_topics.outlet
            and steep_weeks.topic_id = article_topics.topic_id
            and steep_weeks.week_start + day = article_topics.published_on
),

-- Article keys are hashes: the first of them are a random sample of a large week.
found as (
    select
        numbered.run_id,
        numbered.topic_id,
        numbered.week_start,
        numbered.week_rank,
        articles.article_id,
        articles.published_on,
        articles.headline,
        articles.section_name,
        articles.web_url,
        articles.keywords
    from numbered
    inner join articles
        on
            numbered.article_key = articles.article_key
            and numbered.archive_month = articles.archive_month
    where
        numbered.position <= 12
        and articles.headline <> ''
),

-- Words and keywords of an article, and how many of the week's articles share each.
features as (
    select
        found.*,
        feature.text,
        count(*) over (
            partition by found.run_id, found.topic_id, found.week_start, feature.text
        ) as articles
    from found
    cross join lateral (
        select lower(entry ->> 'value') as text
        from jsonb_array_elements(found.keywords) as entry
        union
        select word as text
        from regexp_split_to_table(lower(found.headline), '[^{{ word_characters() }}]+') as word
        where length(word) > 3
    ) as feature
),

-- Of articles with one headline, one; the most typical are those that share most with the others.
typical as (
    select
        run_id,
        topic_id,
        week_start,
        week_rank,
        headline,
        min(article_id) as article_id,
        min(published_on) as published_on,
        min(section_name) as section_name,
        min(web_url) as web_url,
        sum(articles) / sqrt(count(*)) as typicality
    from features
    group by run_id, topic_id, week_start, week_rank, headline
),

ranked_articles as (
    select
        *,
        row_number() over (
            partition by run_id, topic_id, week_rank order by typicality desc, article_id asc
        ) as article_rank
    from typical
),

evidence as (
    select
        run_id,
        topic_id,
        row_number() over (
            partition by run_id, topic_id order by week_rank asc, article_rank asc
        )::integer as rank,
        week_start,
        published_on,
        headline,
        section_name,
        web_url,
        article_id
    from ranked_articles
    where article_rank <= 2
)

select * from evidence
