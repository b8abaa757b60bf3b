{#-
    What incremental models were built from. A model is built in parts, each with a version: months
    of the archive by when they were loaded, days by what their articles say. A part whose version is
    not the one in the log is stale: its rows are deleted and built again, in the transaction that
    writes the log. So an interrupted run leaves nothing half-built, and whatever order months were
    loaded, reloaded or deleted in, the tables are those of a full refresh.
-#}
{% macro build_log() -%}
    intermediate.build_log
{%- endmacro %}


{#- The log's part that stands for a model's rules; the one part of a model that is built whole. -#}
{% macro rules_part() -%} date 'infinity' {%- endmacro %}
{% macro whole() -%} date '-infinity' {%- endmacro %}


{#- `on-run-start`: the log is a table beside dbt's models, since it outlives their rebuilds. -#}
{% macro create_build_log() %}
    create table if not exists {{ build_log() }} (
        model text,
        part date,
        version bigint not null,
        primary key (model, part)
    )
{% endmacro %}


{#- The parts of a model that are to be built; `versions` is a query of part and version. -#}
{% macro stale_parts(versions, name=none) -%}
    (
        select coalesce(present.part, built.part)
        from ({{ versions }}) as present
        full join (
            select
                part,
                version
            from {{ build_log() }}
            where model = '{{ name or this.name }}' and part <> {{ rules_part() }}
        ) as built
            on present.part = built.part
        where present.version is distinct from built.version
    )
{%- endmacro %}


{#- A `pre_hook`: deletes the rows of stale parts, or all rows if the model is built whole. -#}
{% macro delete_stale(versions, column=none) %}
    {% if not is_incremental() %}
        delete from {{ build_log() }} where model = '{{ this.name }}'
    {% elif column %}
        delete from {{ this }} where {{ column }} in {{ stale_parts(versions) }}
    {% else %}
        delete from {{ this }} where {{ whole() }} in {{ stale_parts(versions) }}
    {% endif %}
{% endmacro %}


{#- What the log should say of a model: its parts, and its rules. -#}
{% macro present_versions(versions) -%}
    (
        {{ versions }}
        union all
        select
            {{ rules_part() }},
            {{ rules_version() }}
    )
{%- endmacro %}


{#- A `post_hook`: writes down what the model has just been built from. -#}
{% macro log_built(versions) %}
    delete from {{ build_log() }}
    where
        model = '{{ this.name }}'
        and (part, version) not in {{ present_versions(versions) }};
    insert into {{ build_log() }} (model, part, version)
    select
        '{{ this.name }}',
        part,
        version
    from {{ present_versions(versions) }} as present
    on conflict do nothing
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
        plain_text('x'), topic_id('x', 'x'), article_key('x'), headline_case('x'), person_key('x')
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
        {% set same_rules %}
            select version
            from {{ build_log() }}
            where
                model = '{{ this.name }}'
                and part = {{ rules_part() }}
                and version = {{ rules_version() }}
        {% endset %}
        {% do return(run_query(same_rules) | length == 0) %}
    {% endif %}
    {% do return(false) %}
{% endmacro %}


{#- The versions that models are built from: of each month, as it was loaded; of each day, as its
    articles are; of everything, as one part. -#}
{% macro month_versions() -%}
    select
        archive_month as part,
        hashtextextended(extract(epoch from loaded_at)::text, 0) as version
    from {{ ref('stg_nyt__months') }}
{%- endmacro %}


{% macro day_versions() -%}
    select
        published_on as part,
        version
    from {{ ref('int_days_counted') }}
{%- endmacro %}


{% macro whole_version(versions) -%}
    select
        {{ whole() }} as part,
        hashtextextended(
            coalesce(sum(hashtextextended(part::text, version)), 0)::text, 0
        ) as version
    from ({{ versions }}) as parts
{%- endmacro %}
