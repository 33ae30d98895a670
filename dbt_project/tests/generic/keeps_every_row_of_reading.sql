{#- Every row of a census or snapshot table is in the model: reads the reading itself and no model in between. -#}
{% test keeps_every_row_of_reading(model, reading, key, condition='true') %}
    select there.*
    from {{ reading }} as there
    left join {{ model }} as here
        on there.shop = here.shop
        {%- for column in key if column != 'shop' %}
        and there.{{ column }} = here.{{ column }}
        {%- endfor %}
    where there.shop in ({{ shops_read_alike(model) }})
        and here.shop is null
        and ({{ condition }})
{% endtest %}
