{{
    config(
        materialized='incremental',
        incremental_strategy='by_parts',
        meta={'parts': 'days', 'builds': 'additions'},
        indexes=[{'columns': ['value'], 'type': 'hash'}],
        pre_hook="set local enable_memoize = off",
    )
}}

with

articles as (
    select * from {{ ref('int_articles_kept') }}
    where {{ is_stale('days') }}
),

keyword_kinds as (
    select * from {{ ref('keyword_kinds') }}
),

label_merges as (
    select * from {{ ref('label_merges') }}
),

used as (
    select
        entry ->> 'name' as name,
        entry ->> 'value' as value
    from articles
    cross join lateral jsonb_array_elements(articles.keywords) as entry
),

-- Keywords that no article has any more stay: nothing looks them up.
keywords as (
    select
        name,
        value
    from used
    {% if is_incremental() -%}
        where
            not exists (
                select
                from {{ this }} as known
                where known.name = used.name and known.value = used.value
            )
    {%- endif %}
    group by name, value
),

labels as (
    select
        keywords.name,
        keywords.value,
        keyword_kinds.kind,
        -- Without characters that nobody sees: soft hyphens, joiners, fillers, selectors.
        btrim(
            regexp_replace(
                regexp_replace(
                    keywords.value,
                    '[\u00ad\u034f\u115f\u1160\u180b-\u180f\u200b-\u200d\u2060-\u2064\u2800\u3164]'
                    || '|[\ufe00-\ufe0f\ufeff\uffa0]',
                    '', 'g'
                ),
                '\s+', ' ', 'g'
            )
        ) as label
    from keywords
    inner join keyword_kinds
        on lower(keywords.name) = keyword_kinds.name
),

-- A person's role is no part of the name; years tell persons of one name apart.
without_notes as (
    select
        name,
        value,
        kind,
        case
            when kind = 'person' then regexp_replace(label, '(\S)\s*\((?!\d{3})[^()]*\)$', '\1')
            else label
        end as label
    from labels
    where label <> ''
),

-- In some months all labels that begin with an A are in capitals. A single word in capitals may be
-- an abbreviation (ESPN), except among subjects.
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
)

select
    *,
    {{ topic_id(
        'kind',
        'case when kind = \'person\' then ' ~ person_key('label') ~ ' else lower(label) end'
    ) }} as topic_id
from merged
