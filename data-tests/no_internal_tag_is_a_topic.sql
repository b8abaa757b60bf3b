-- The newsroom's own tags are no topics, whatever kind of keyword they came as.
select topics.label
from {{ ref('dim_topics') }} as topics
inner join {{ ref('internal_tags') }} as internal_tags
    on topics.label ilike internal_tags.pattern
where topics.kind not in ({{ headline_kinds() }})
