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

keyword_kinds as (
    select * from {{ ref('keyword_kinds') }}
),

label_merges as (
    select * from {{ ref('label_merges') }}
),

keywords as (
    select
        articles.article_key,
        articles.published_on,
        articles.archive_month,
        entry ->> 'name' as name,
        entry ->> 'value' as value
    from articles
    cross join lateral jsonb_array_elements(articles.keywords) as entry
),

-- Each label is looked at once, not once for each article that has it.
values_found as (
    select distinct
        name,
        value
    from keywords
),

labels as (
    select
        values_found.name,
        values_found.value,
        keyword_kinds.kind,
        btrim(regexp_replace(values_found.value, '\s+', ' ', 'g')) as label
    from values_found
    inner join keyword_kinds
        on lower(values_found.name) = keyword_kinds.name
),

-- A person's role is no part of the name; years tell persons of one name apart.
without_notes as (
    select
        name,
        value,
        kind,
        case
            when kind = 'person' then regexp_replace(label, '\s*\((?!\d{3})[^()]*\)$', '')
            else label
        end as label
    from labels
    where label <> ''
),

-- Some months have all labels that begin with an A in capitals. A single word of them may be an
-- abbreviation (ESPN), except among subjects.
in_one_case as (
    select
        name,
        value,
        kind,
        case
            when label = upper(label) and (kind = 'subject' or label like '% %')
                then {{ headline_case('label') }}
            else label
        end as label
    from without_notes
),

merged as (
    select
        in_one_case.name,
        in_one_case.value,
        in_one_case.kind,
        coalesce(label_merges.merged_label, in_one_case.label) as label
    from in_one_case
    left join label_merges
        on
            in_one_case.kind = label_merges.kind
            and in_one_case.label = label_merges.label
),

-- Materialized, so that labels are what is looked at, not the keywords that have them.
keyed as materialized (
    select
        name,
        value,
        kind,
        label,
        {{ topic_id(
            'kind',
            'case when kind = \'person\' then ' ~ person_key('label') ~ ' else lower(label) end'
        ) }} as topic_id
    from merged
),

identified as (
    select
        keyed.topic_id,
        keywords.published_on,
        keywords.archive_month,
        keywords.article_key,
        keyed.kind,
        keyed.label
    from keywords
    inner join keyed
        on keywords.name = keyed.name and keywords.value = keyed.value
),

-- An article counts once for a topic, in however many spellings it names it.
topics as (
    select distinct on (topic_id, published_on, article_key) *
    from identified
    order by topic_id, published_on, article_key, label
)

select * from topics
