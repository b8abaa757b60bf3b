with

outlets as (
    {%- for outlet in var('outlets') %}
        {%- set facts = var('outlets')[outlet] %}
        select
            '{{ outlet }}'::text as outlet,
            '{{ facts['name'] | replace("'", "''") }}'::text as name,
            '{{ facts['time_zone'] }}'::text as time_zone
        {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from outlets
