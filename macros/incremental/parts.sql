{#-
    The parts that a model is built in, and their versions: a part whose version is not the one in
    the build log is stale. A model's meta says which parts these are:

    months          months of an outlet's archive; their version is when they were loaded
    days            days of an outlet's articles, each with the month that the articles came with;
                    their version is what the articles' headlines and keywords say
    days_of_months  months of an outlet's archive, but what is built again are the days that they
                    change
-#}
{% macro part_versions() -%}
    {{ day_versions() if config.meta_get('parts') == 'days' else month_versions() }}
{%- endmacro %}


{% macro month_versions() -%}
    select
        outlet || ' ' || archive_month as part,
        hashtextextended(extract(epoch from loaded_at)::text, 0) as version
    from {{ ref('int_months_united') }}
{%- endmacro %}


{#- A month's last evening in New York comes with the month after it, as a part of its own: so a new
    month adds parts and changes none. -#}
{% macro day_versions() -%}
    select
        {{ day_part() }} as part,
        version
    from {{ ref('int_days_versioned') }}
{%- endmacro %}


{% macro day_part() -%}
    outlet || to_char(published_on, ' YYYY-MM-DD') || to_char(archive_month, ' YYYY-MM')
{%- endmacro %}


{#- The columns of a model's table that say which part a row belongs to. -#}
{% macro part_columns() %}
    {% set column = 'archive_month' if config.meta_get('parts') == 'months' else 'published_on' %}
    {% do return(config.meta_get('part_columns', [column])) %}
{% endmacro %}


{#-
    The model's stale parts, and whether each was built before: a part that was never built is new,
    one that has disappeared was built. The query is asked once: `load_result` gives a result away,
    so it is stored again each time.
-#}
{% macro stale_parts() %}
    {% set known = load_result('stale_parts') %}
    {% if known %}
        {% set parts = known.table %}
    {% else %}
        {% set query %}
            select
                coalesce(present.part, built.part) as part,
                split_part(coalesce(present.part, built.part), ' ', 1) as outlet,
                split_part(coalesce(present.part, built.part), ' ', 2) as value,
                built.part is not null as was_built
            from ({{ part_versions() }}) as present
            full join (
                select
                    part,
                    version
                from {{ build_log() }}
                where model = '{{ this.name }}' and part <> {{ rules_part() }}
            ) as built
                on present.part = built.part
            where present.version is distinct from built.version
            order by part
        {% endset %}
        {% set parts = run_query(query) %}
    {% endif %}
    {% do store_raw_result('stale_parts', agate_table=parts) %}
    {% do return(parts.rows) %}
{% endmacro %}


{#- Whether the model keeps its rows and adds to them: all that is stale is new to it. -#}
{% macro adds() %}
    {% do return(is_incremental() and not (stale_parts() | selectattr('was_built') | list)) %}
{% endmacro %}


{#- Tells dbt, while it parses the project, that the model depends on the versions of its parts. -#}
{% macro read_versions(parts) %}
    {% if parts == 'days' %}
        {% do ref('int_days_versioned') %}
    {% else %}
        {% do ref('int_months_united') %}
    {% endif %}
    {% if parts == 'days_of_months' %}
        {% do ref('int_articles_dated') %}
    {% endif %}
{% endmacro %}


{#-
    For a model's query: the condition for the rows that are to be built. `parts` repeats what the
    model's meta says, which dbt does not know yet when it parses the query. A model that is built
    whole needs all rows or none.
-#}
{% macro is_stale(parts, column=none) -%}
    {%- if not execute -%}
        {%- do read_versions(parts) -%}
        true
    {%- elif not is_incremental() -%}
        true
    {%- elif parts != config.meta_get('parts') -%}
        {%- do exceptions.raise_compiler_error(
            "is_stale('" ~ parts ~ "'), but meta says parts: " ~ config.meta_get('parts')
        ) -%}
    {%- elif config.meta_get('builds') == 'whole' -%}
        {{ 'true' if stale_parts() else 'false' }}
    {%- else -%}
        {{ in_stale_parts(column or part_columns()[0]) }}
    {%- endif -%}
{%- endmacro %}


{#- For the query of a model that adds: the condition for the rows that are new to it. -#}
{% macro is_new(parts) -%}
    {%- if not execute -%}
        {%- do read_versions(parts) -%}
        true
    {%- elif not adds() -%}
        true
    {%- else -%}
        {{ in_stale_parts('published_on') }}
        and {{ day_part() }}
        = any('{ {{- stale_parts() | map(attribute='part') | join(',') -}} }'::text [])
    {%- endif -%}
{%- endmacro %}


{#- The condition for a column that says which part a row belongs to. The days stand in it as
    constants, so that Postgres finds them in an index, and Citus need not ask the coordinator. -#}
{% macro in_stale_parts(column) -%}
    {%- if config.meta_get('parts') == 'days_of_months' -%}
        {{ in_days_of_months(column) }}
    {%- else -%}
        {{ found_by_outlet(stale_parts(), column, 'date') }}
    {%- endif -%}
{%- endmacro %}


{#-
    The days that new months change: all days of these months, since other months may hold articles
    of them; and each day on which another month already had one of their articles. Where a month was
    loaded again or removed, all days: nobody knows any more what it had before.
-#}
{% macro in_days_of_months(column) -%}
    {%- if not adds() -%}
        {{ return('true') }}
    {%- endif -%}
    {%- set days -%}
        with
        new_months as (
            select
                split_part(part, ' ', 1) as outlet,
                split_part(part, ' ', 2)::date as archive_month
            from unnest(
                '{ {{- stale_parts() | map(attribute='part') | join(',') -}} }'::text []
            ) as part
        ),

        new_articles as (
            select article_key from {{ ref('int_articles_dated') }}
            where {{ found_by_outlet(stale_parts(), 'archive_month', 'date') }}
        )

        select
            articles.outlet,
            articles.published_on as value
        from {{ ref('int_articles_dated') }} as articles
        inner join new_articles
            on articles.article_key = new_articles.article_key
        where articles.published_on is not null
        union
        select
            new_months.outlet,
            day::date
        from new_months
        cross join lateral generate_series(
            archive_month, archive_month + interval '1 month - 1 day', interval '1 day'
        ) as day
    {%- endset -%}
    {{ found_by_outlet(run_query(days).rows, column, 'date') }}
{%- endmacro %}
