{#- Every row the shop still has is in the model, as far as the model has seen loads; a model that is empty has seen all. -#}
{% test keeps_every_row_of(model, compare_model, key) %}
    with

    seen as (
        {{ loads_seen_by(model) }}
    )

    select there.*
    from {{ compare_model }} as there
    left join seen
        on there.shop = seen.shop
    left join {{ model }} as here
        on there.shop = here.shop
        {%- for column in key if column != 'shop' %}
        and there.{{ column }} = here.{{ column }}
        {%- endfor %}
    where not there._deleted
        and here.shop is null
        and there._load_id <= coalesce(seen.load_id, there._load_id)
{% endtest %}
