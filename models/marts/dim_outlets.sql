with

outlets as (
    {%- for outlet, facts in var('outlets').items() %}
        select
            '{{ outlet }}'::text as outlet,
            '{{ facts.name | replace("'", "''") }}'::text as name,
            '{{ facts.time_zone }}'::text as time_zone
        {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from outlets
