{#- The expression holds for every row; a null is not true. Under a column it says the same and shows what it guards. -#}
{% test expression_is_true(model, expression, column_name=none) %}
    select *
    from {{ model }}
    where ({{ expression }}) is not true
{% endtest %}
