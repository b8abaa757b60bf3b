{#- The table that says what each model was built from, a row a model and part. It is no model, for
    models are made anew when rules change. -#}
{% macro build_log() -%}
    intermediate.build_log
{%- endmacro %}


{#- The value of `part` in the row that records a model's rules. -#}
{% macro rules_part() -%} 'rules' {%- endmacro %}


{#- `on-run-start`. -#}
{% macro create_build_log() %}
    create table if not exists {{ build_log() }} (
        model text,
        part text,
        version bigint not null,
        primary key (model, part)
    );
    -- In a warehouse of 0.3.0 and earlier, parts are dates.
    alter table {{ build_log() }} alter column part type text;
{% endmacro %}


{#- What a model was built from, after it has been built from everything. -#}
{% macro log_all_parts() %}
    delete from {{ build_log() }} where model = '{{ this.name }}';
    insert into {{ build_log() }} (model, part, version)
    select
        '{{ this.name }}',
        part,
        version
    from ({{ part_versions() }}) as present
    union all
    select
        '{{ this.name }}',
        {{ rules_part() }},
        {{ rules_version(model.unique_id) }}
{% endmacro %}


{#- What a model was built from, after its stale parts have been built. -#}
{% macro log_stale_parts() %}
    {% set stale -%}
        part = any('{ {{- stale_parts() | map(attribute='part') | join(',') -}} }'::text [])
    {%- endset %}
    delete from {{ build_log() }} where model = '{{ this.name }}' and {{ stale }};
    insert into {{ build_log() }} (model, part, version)
    select
        '{{ this.name }}',
        part,
        version
    from ({{ part_versions() }}) as present
    where {{ stale }}
{% endmacro %}
