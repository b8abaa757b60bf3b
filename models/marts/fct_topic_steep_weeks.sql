-- A view, since what `growth fit` has just written shows at once. Ask for topics by
-- `run_id = ... and topic_id = ...` or `topic_id = any(...)`: then only these are looked up.
with

topic_growth as (
    select * from {{ ref('fct_topic_growth') }}
    where status = 'converged'
),

topic_daily as (
    select * from {{ ref('fct_topic_daily') }}
),

daily_articles as (
    select * from {{ ref('fct_daily_articles') }}
),

runs as (
    select * from {{ ref('stg_growth__runs') }}
),

weeks as (
    select
        runs.run_id,
        (daily_articles.published_on - runs.window_start) / 7 as week,
        sum(daily_articles.articles)::double precision as articles
    from runs
    inner join daily_articles
        on
            runs.outlet = daily_articles.outlet
            and daily_articles.published_on between runs.window_start and runs.window_end
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
        topic_growth.run_id,
        topic_growth.topic_id,
        topic_growth.direction,
        topic_growth.window_start,
        (topic_daily.published_on - topic_growth.window_start) / 7 as week,
        sum(topic_daily.articles)::double precision as articles
    from topic_growth
    inner join topic_daily
        on
            topic_growth.outlet = topic_daily.outlet
            and topic_growth.topic_id = topic_daily.topic_id
            and topic_daily.published_on
            between topic_growth.window_start and topic_growth.window_end
    group by
        topic_growth.run_id,
        topic_growth.topic_id,
        topic_growth.direction,
        topic_growth.window_start,
        week
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
                when topic_weeks.direction = 'growing'
                    then
                        coalesce(topic_weeks.articles_before, 0)
                        / nullif(weeks.articles_before, 0)
                when topic_weeks.direction = 'shrinking'
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

ranked as (
    select
        run_id,
        topic_id,
        row_number() over (
            partition by run_id, topic_id
            order by (articles - expected_articles) / sqrt(expected_articles + 1) desc, week asc
        )::integer as rank,
        window_start + 7 * week as week_start,
        articles,
        expected_articles
    from expected
),

steepest as (
    select * from ranked
    where rank <= 3
)

select * from steepest
