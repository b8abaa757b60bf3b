-- A view, since what `growth fit` has just written shows at once. Ask for topics by
-- `run_id = ... and topic_id = ...` or `topic_id = any(...)`: then only these are looked up.
with

coefficients as (
    select * from {{ ref('stg_growth__coefficients') }}
),

runs as (
    select * from {{ ref('stg_growth__runs') }}
),

topic_daily as (
    select * from {{ ref('fct_topic_daily') }}
),

daily_articles as (
    select * from {{ ref('fct_daily_articles') }}
),

article_topics as (
    select * from {{ ref('int_article_topics') }}
),

articles as not materialized (
    select * from {{ ref('int_articles_dated') }}
),

weeks as (
    select
        runs.run_id,
        (daily_articles.published_on - runs.window_start) / 7 as week,
        sum(daily_articles.articles)::double precision as articles
    from runs
    inner join daily_articles
        on daily_articles.published_on between runs.window_start and runs.window_end
    group by runs.run_id, week
),

weeks_compared as (
    select
        run_id,
        week,
        articles,
        sum(articles) over (
            partition by run_id order by week range between 4 preceding and 1 preceding
        ) as articles_before,
        sum(articles) over (
            partition by run_id order by week range between 1 following and 4 following
        ) as articles_after,
        sum(articles) over (partition by run_id) as articles_in_all
    from weeks
),

topic_weeks as (
    select
        coefficients.run_id,
        coefficients.topic_id,
        (topic_daily.published_on - runs.window_start) / 7 as week,
        min(runs.window_start) as window_start,
        min(
            case
                when coefficients.q_value <= {{ var('false_discovery_rate') }}
                    then sign(coefficients.sure_growth)
                else 0
            end
        ) as direction,
        sum(topic_daily.articles)::double precision as articles
    from coefficients
    inner join runs
        on coefficients.run_id = runs.run_id
    inner join topic_daily
        on
            coefficients.topic_id = topic_daily.topic_id
            and topic_daily.published_on between runs.window_start and runs.window_end
    where coefficients.status = 'converged'
    group by coefficients.run_id, coefficients.topic_id, week
),

topic_weeks_compared as (
    select
        *,
        sum(articles) over (
            partition by run_id, topic_id order by week range between 4 preceding and 1 preceding
        ) as articles_before,
        sum(articles) over (
            partition by run_id, topic_id order by week range between 1 following and 4 following
        ) as articles_after,
        sum(articles) over (partition by run_id, topic_id) as articles_in_all
    from topic_weeks
),

-- What the week would have with the share of the four weeks before it; of a shrinking topic, of the
-- four weeks after it; else, of all weeks.
expected as (
    select
        topic_weeks.run_id,
        topic_weeks.topic_id,
        topic_weeks.window_start,
        topic_weeks.week,
        topic_weeks.articles,
        weeks.articles * coalesce(
            case
                when topic_weeks.direction > 0
                    then
                        coalesce(topic_weeks.articles_before, 0)
                        / nullif(weeks.articles_before, 0)
                when topic_weeks.direction < 0
                    then
                        coalesce(topic_weeks.articles_after, 0)
                        / nullif(weeks.articles_after, 0)
            end,
            topic_weeks.articles_in_all / weeks.articles_in_all
        ) as expected_articles
    from topic_weeks_compared as topic_weeks
    inner join weeks_compared as weeks
        on
            topic_weeks.run_id = weeks.run_id
            and topic_weeks.week = weeks.week
),

ranked_weeks as (
    select
        run_id,
        topic_id,
        window_start + 7 * week as week_start,
        row_number() over (
            partition by run_id, topic_id
            order by (articles - expected_articles) / sqrt(expected_articles + 1) desc, week asc
        ) as week_rank
    from expected
),

numbered as (
    select
        ranked_weeks.run_id,
        ranked_weeks.topic_id,
        ranked_weeks.week_start,
        ranked_weeks.week_rank,
        article_topics.article_key,
        article_topics.published_on,
        row_number() over (
            partition by ranked_weeks.run_id, ranked_weeks.topic_id, ranked_weeks.week_rank
            order by article_topics.article_key
        ) as position
    from ranked_weeks
    -- Day by day, for the key begins with the day.
    cross join lateral generate_series(0, 6) as day
    inner join article_topics
        on
            ranked_weeks.topic_id = article_topics.topic_id
            and ranked_weeks.week_start + day = article_topics.published_on
    where ranked_weeks.week_rank <= 3
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
            and numbered.published_on = articles.published_on
    where
        numbered.position <= 12
        and articles.headline <> ''
        -- Of an article that came with two months, as it was loaded last.
        and not exists (
            select
            from articles as others
            where
                others.article_key = articles.article_key
                and others.published_on = articles.published_on
                and (others.loaded_at, others.archive_month)
                > (articles.loaded_at, articles.archive_month)
        )
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
