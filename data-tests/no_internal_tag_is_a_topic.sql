-- Whatever kind of keyword it came in as: the newsroom's own tags are not news.
select topics.label
from {{ ref('dim_topics') }} as topics
inner join {{ ref('internal_tags') }} as internal_tags
    on topics.label ilike internal_tags.pattern
where topics.kind not in ('term', 'phrase')
