{#-
    `on-run-end`: drops the models that older versions had, for dbt leaves the relations of a model
    that has gone. One that something still reads, such as a view that this run has not made anew,
    stays until a later run.
-#}
{% macro drop_models_of_older_versions() -%}
    {%- set gone = [
        'int_articles_counted', 'int_days_counted', 'int_topic_pairs', 'int_topics_paired'
    ] -%}
    {%- if flags.WHICH in ('build', 'run') -%}
        {%- for name in gone -%}
            {%- set old = adapter.get_relation(target.database, 'intermediate', name) -%}
            {%- if old -%}
                do $$
                begin
                    drop {{ old.type }} {{ old }};
                    delete from {{ build_log() }} where model = '{{ name }}';
                exception
                    when dependent_objects_still_exist then
                        raise notice '% is still read', '{{ name }}';
                end
                $$;
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}


{#- `on-run-start`: says so where an upgrade or a setting makes this run take longer than usual. -#}
{% macro say_what_is_built_anew() -%}
    {%- if execute and flags.WHICH in ('build', 'run') and not flags.FULL_REFRESH -%}
        {%- set present = [] -%}
        {%- for node in graph.nodes.values() if node.config.incremental_strategy == 'by_parts' -%}
            {%- set version = rules_version(node.unique_id) -%}
            {%- do present.append("('" ~ node.name ~ "', " ~ version ~ ")") -%}
        {%- endfor -%}
        {%- set models = run_query(
            'select model from ' ~ build_log() ~ ' where part = ' ~ rules_part()
            ~ ' and (model, version) not in (' ~ present | join(', ') ~ ')'
        ).rows -%}
        {%- if models -%}
            {%- do print(
                'The rules have changed by which ' ~ models | length ~ ' tables were built: '
                ~ 'they are built anew, which takes longer than usual.'
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
