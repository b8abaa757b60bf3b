{#-
    What incremental models were built from. A model is built in parts, each with a version: months
    of the archive by when they were loaded, days by what their articles say. A part whose version is
    not the one in the log is stale: its rows are deleted and built again, in the transaction that
    writes the log. So an interrupted run leaves nothing half-built, and whatever order months were
    loaded, reloaded or deleted in, the tables are those of a full refresh.

    Models of totals cannot be built in parts. They are built whole (`whole_version`), or, where
    reading everything again would take long, add what is new to what they hold (`builds_whole`).
-#}
{% macro build_log() -%}
    intermediate.build_log
{%- endmacro %}


{#- The log's part that stands for a model's rules. -#}
{% macro rules_part() -%} 'rules' {%- endmacro %}


{#- `on-run-start`: the log is a table beside dbt's models, since it outlives their rebuilds. -#}
{% macro create_build_log() %}
    create table if not exists {{ build_log() }} (
        model text,
        part text,
        version bigint not null,
        primary key (model, part)
    );
    -- Up to 0.3.0 parts were dates. What was built by other rules is built anew in any case.
    alter table {{ build_log() }} alter column part type text;
{% endmacro %}


{#- The parts of a model that are to be built, and whether each was built before; `versions` is a
    query of part and version. Asked once, for all of a model's hooks: dbt gives them one `model`. -#}
{% macro stale(versions) %}
    {% if versions not in model %}
        {% set parts %}
            select
                coalesce(present.part, built.part) as part,
                built.part is not null as was_built
            from ({{ versions }}) as present
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
        {% do model.update({versions: run_query(parts).rows}) %}
    {% endif %}
    {% do return(model[versions]) %}
{% endmacro %}


{% macro stale_parts(versions) %}
    {% do return(stale(versions) | map(attribute='part') | list) %}
{% endmacro %}


{#- The dates that stale parts begin with. -#}
{% macro stale_dates(versions) %}
    {% set dates = [] %}
    {% for part in stale_parts(versions) if part[:10] not in dates %}
        {% do dates.append(part[:10]) %}
    {% endfor %}
    {% do return(dates) %}
{% endmacro %}


{#- Whether a model is to be built from everything: not if all that is stale is new to it. -#}
{% macro builds_whole(versions) %}
    {% if not is_incremental() %}
        {% do return(true) %}
    {% endif %}
    {% do return(stale(versions) | selectattr('was_built') | list | length > 0) %}
{% endmacro %}


{#-
    A condition for the rows that are to be built: those whose `column` is the date of a stale part; all
    or none if the model is built whole. The dates stand in it as constants, which index scans can use
    and which workers need not ask for.
-#}
{% macro is_stale(versions, column=none) -%}
    {%- if not is_incremental() -%}
        true
    {%- elif column -%}
        {{ column }} = any('{ {{- stale_dates(versions) | join(',') -}} }'::date [])
    {%- elif stale_parts(versions) -%}
        true
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}


{#- A `pre_hook`: deletes what is to be built again. -#}
{% macro delete_stale(versions, column=none) %}
    {% if not is_incremental() %}
        delete from {{ build_log() }} where model = '{{ this.name }}'
    {% elif stale_parts(versions) %}
        {% if column %}
            delete from {{ this }} where {{ is_stale(versions, column) }}
        {% else %}
            truncate {{ this }}
        {% endif %}
    {% endif %}
{% endmacro %}


{#- A `pre_hook` of a model that forgets nothing. -#}
{% macro forget_unless_incremental() %}
    {% if not is_incremental() %}
        delete from {{ build_log() }} where model = '{{ this.name }}'
    {% endif %}
{% endmacro %}


{#- A `pre_hook` of a model that adds. -#}
{% macro delete_unless_adding(versions) %}
    {% if not is_incremental() %}
        delete from {{ build_log() }} where model = '{{ this.name }}'
    {% elif builds_whole(versions) %}
        truncate {{ this }}
    {% endif %}
{% endmacro %}


{#- A `post_hook`: writes down what the model has just been built from. -#}
{% macro log_built(versions) %}
    {% if not is_incremental() %}
        delete from {{ build_log() }} where model = '{{ this.name }}';
        insert into {{ build_log() }} (model, part, version)
        select
            '{{ this.name }}',
            part,
            version
        from ({{ versions }}) as present
        union all
        select
            '{{ this.name }}',
            {{ rules_part() }},
            {{ rules_version() }}
    {% elif stale_parts(versions) %}
        delete from {{ build_log() }}
        where
            model = '{{ this.name }}'
            and part = any('{ {{- stale_parts(versions) | join(',') -}} }'::text []);
        insert into {{ build_log() }} (model, part, version)
        select
            '{{ this.name }}',
            part,
            version
        from ({{ versions }}) as present
        where part = any('{ {{- stale_parts(versions) | join(',') -}} }'::text [])
    {% endif %}
{% endmacro %}


{#- A `post_hook`, before `log_built`: a planner without statistics takes a day for a two-hundredth
    of the table, and reads all of it. Autovacuum comes too late for what is built next. -#}
{% macro analyze_new() %}
    {% if not is_incremental() %}
        analyze {{ this }}
    {% endif %}
{% endmacro %}


{#- A number that changes with the SQL of a model or of what it is built from, and with seeds. -#}
{% macro rules_version() -%}
    {%- set upstream = [model.unique_id] -%}
    {%- set rules = [] -%}
    {#- The list grows while it is read. -#}
    {%- for unique_id in upstream if unique_id in graph.nodes -%}
        {%- set node = graph.nodes[unique_id] -%}
        {%- do rules.append(node.raw_code or node.checksum.checksum) -%}
        {%- for parent in node.depends_on.nodes if parent not in upstream -%}
            {%- do upstream.append(parent) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- do rules.extend([
        plain_text('x'), topic_id('x', 'x'), article_key('x'), headline_case('x'), person_key('x'),
        headline_tokens('x'), word_characters()
    ]) -%}
    {%- for name in [
        'article_document_types',
        'phrase_min_articles',
        'phrase_min_association',
        'twin_overlap',
        'fragment_share',
    ] -%}
        {%- do rules.append(var(name) | string) -%}
    {%- endfor -%}
    ('x' || '{{ local_md5(rules | join("|"))[:16] }}')::bit(64)::bigint
{%- endmacro %}


{#-
    dbt's own macro, with two reasons more: the rules by which a table was built have changed, or a
    seed has got other columns. So nobody needs to know when to ask for a full refresh.
-#}
{% macro should_full_refresh() %}
    {% set asked = config.get('full_refresh') %}
    {% if asked is none %}
        {% set asked = flags.FULL_REFRESH %}
    {% endif %}
    {% if asked or not execute %}
        {% do return(asked) %}
    {% elif model.resource_type == 'seed' %}
        {% set columns = adapter.get_columns_in_relation(this) | map(attribute='name') | list %}
        {% do return(columns | sort != config.get('column_types') | sort) %}
    {% elif config.get('materialized') == 'incremental' %}
        {#- Asked once: `is_incremental` asks whenever it is asked. -#}
        {% if 'has_same_rules' not in model %}
            {% set same_rules %}
                select version
                from {{ build_log() }}
                where
                    model = '{{ this.name }}'
                    and part = {{ rules_part() }}
                    and version = {{ rules_version() }}
            {% endset %}
            {% do model.update({'has_same_rules': run_query(same_rules) | length > 0}) %}
        {% endif %}
        {% do return(not model.has_same_rules) %}
    {% endif %}
    {% do return(false) %}
{% endmacro %}


{#- The versions that models are built from: of each month, as it was loaded. -#}
{% macro month_versions() -%}
    select
        archive_month::text as part,
        hashtextextended(extract(epoch from loaded_at)::text, 0) as version
    from {{ ref('stg_nyt__months') }}
{%- endmacro %}


{#- Of each day's articles from one month's response. The last evening of a month comes with the
    month after it, as a part of its own: so a new month adds parts and changes none. -#}
{% macro source_versions() -%}
    select
        {{ source_part('published_on', 'archive_month') }} as part,
        version
    from {{ ref('int_days_versioned') }}
{%- endmacro %}


{% macro source_part(published_on, archive_month) -%}
    to_char({{ published_on }}, 'YYYY-MM-DD') || to_char({{ archive_month }}, ' YYYY-MM')
{%- endmacro %}


{#- A condition for the rows that a model adds: those of the parts that are new to it; all if it is
    built whole. -#}
{% macro is_added() -%}
    {%- if builds_whole(source_versions()) -%}
        true
    {%- else -%}
        {{ is_stale(source_versions(), 'published_on') }}
        and {{ source_part('published_on', 'archive_month') }}
        = any('{ {{- stale_parts(source_versions()) | join(",") -}} }'::text [])
    {%- endif -%}
{%- endmacro %}


{#- Of everything, as one part. -#}
{% macro whole_version(versions) -%}
    select
        'whole' as part,
        hashtextextended(
            coalesce(sum(hashtextextended(part::text, version)), 0)::text, 0
        ) as version
    from ({{ versions }}) as parts
{%- endmacro %}
