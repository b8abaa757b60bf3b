{#-
    A number that changes with the rules of a model: with the SQL of it and of all models that it is
    built from, with the seeds among these, and with the macros and vars that any of them uses.

    dbt lists a model's macros too (`depends_on.macros`), but misses calls in branches that it skips
    while parsing. So the names of macros are looked for in the text.
-#}
{% macro rules_version(unique_id) -%}
    {%- set macros = context[project_name] -%}
    {%- set upstream = [unique_id] -%}
    {%- set own = [] -%}
    {#- This list grows while it is read, and so does the next. -#}
    {%- for node_id in upstream if node_id in graph.nodes -%}
        {%- set node = graph.nodes[node_id] -%}
        {%- do own.append(node.raw_code or node.checksum.checksum) -%}
        {%- set strategy = node.config.incremental_strategy -%}
        {%- if strategy -%}
            {%- set hooks = node.config['pre-hook'] + node.config['post-hook'] -%}
            {%- do own.extend(hooks | map(attribute='sql')) -%}
            {%- do own.append('{{ get_incremental_' ~ strategy ~ '_sql() }}') -%}
        {%- endif -%}
        {%- do upstream.extend(node.depends_on.nodes | reject('in', upstream)) -%}
    {%- endfor -%}
    {#- The models, the macros that they call, the macros that these call, and so on. -#}
    {%- set texts = [own | join('|')] -%}
    {%- set used = [] -%}
    {%- set vars = [] -%}
    {%- for text in texts -%}
        {%- set code = modules.re.findall('(?s)[{][{%].*?[%}][}]', text) | join -%}
        {%- set called = set(modules.re.findall('\\b(\\w+)\\(', code)) -%}
        {%- set new = called.intersection(macros).difference(used) | sort -%}
        {%- if new -%}
            {%- do used.extend(new) -%}
            {%- set said = [] -%}
            {%- for name in new -%}
                {%- do said.append(macros[name].macro.macro_sql) -%}
            {%- endfor -%}
            {%- do texts.append(said | join('|')) -%}
        {%- endif -%}
        {%- do vars.extend(modules.re.findall('\\bvar\\(\\s*["\'](\\w+)', code)) -%}
    {%- endfor -%}
    {%- for name in vars | unique | sort -%}
        {%- do texts.append(name ~ ': ' ~ var(name)) -%}
    {%- endfor -%}
    ('x' || '{{ local_md5(texts | join("|"))[:16] }}')::bit(64)::bigint
{%- endmacro %}


{#-
    dbt's own macro, with two more reasons to build a table anew: the rules by which it was built
    have changed, or a seed has other columns. So nobody needs to know when to ask for it.
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
    {% elif config.get('incremental_strategy') == 'by_parts' %}
        {% do return(not has_same_rules()) %}
    {% endif %}
    {% do return(false) %}
{% endmacro %}


{#- Whether the model was built by the rules of today. Asked once, as `stale_parts` is. -#}
{% macro has_same_rules() %}
    {% set known = load_result('same_rules') %}
    {% if known %}
        {% set logged = known.table %}
    {% else %}
        {% set query %}
            select version
            from {{ build_log() }}
            where
                model = '{{ this.name }}'
                and part = {{ rules_part() }}
                and version = {{ rules_version(model.unique_id) }}
        {% endset %}
        {% set logged = run_query(query) %}
    {% endif %}
    {% do store_raw_result('same_rules', agate_table=logged) %}
    {% do return(logged.rows | length > 0) %}
{% endmacro %}
