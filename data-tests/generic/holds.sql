{#- Every row must satisfy the condition; a null counts as a failure. -#}
{% test holds(model, condition) %}
    select *
    from {{ model }}
    where ({{ condition }}) is not true
{% endtest %}
