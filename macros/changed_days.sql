{#-
    The days that new months of the archive change: those of the months, which may hold articles of
    other months' responses, and those of their articles, which may have come with another month.
-#}
{% macro changed_days(articles) %}
    {% set days %}
        with
        new_months as (
            select part::date as archive_month
            from unnest('{ {{- stale_parts(month_versions()) | join(',') -}} }'::text []) as part
        ),

        new_articles as (
            select article_key from {{ articles }}
            where archive_month in (select new_months.archive_month from new_months)
        )

        select articles.published_on
        from {{ articles }} as articles
        inner join new_articles
            on articles.article_key = new_articles.article_key
        where articles.published_on is not null
        union
        select day::date
        from new_months
        cross join lateral generate_series(
            archive_month, archive_month + interval '1 month - 1 day', interval '1 day'
        ) as day
    {% endset %}
    {% do return(run_query(days).columns[0].values() | list) %}
{% endmacro %}


{#- A condition for the days to be counted: all, if months were deleted or loaded again. -#}
{% macro is_changed_day(articles) -%}
    {%- if builds_whole(month_versions()) -%}
        true
    {%- else -%}
        published_on = any('{ {{- changed_days(articles) | join(',') -}} }'::date [])
    {%- endif -%}
{%- endmacro %}


{#- A `pre_hook`. -#}
{% macro delete_changed_days(articles) %}
    {% if not is_incremental() %}
        delete from {{ build_log() }} where model = '{{ this.name }}'
    {% else %}
        delete from {{ this }} where {{ is_changed_day(articles) }}
    {% endif %}
{% endmacro %}
