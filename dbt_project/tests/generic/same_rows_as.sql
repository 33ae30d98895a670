{#- The view has exactly as many rows as another: nothing was lost in a join, nothing fanned out. -#}
{% test same_rows_as(model, compare_model) %}
    with

    counted as (
        select
            (select count(*) from {{ model }}) as rows_here,
            (select count(*) from {{ compare_model }}) as rows_there
    )

    select
        rows_here,
        rows_there
    from counted
    where rows_here <> rows_there
{% endtest %}
