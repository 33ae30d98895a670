{#- Every row has its row in another model, by all parts of the key. -#}
{% test belongs_to(model, parent, key, condition='true', column_name=none) %}
    select here.*
    from {{ model }} as here
    left join {{ parent }} as there
        on here.shop = there.shop
        {%- for column in key if column != 'shop' %}
        and here.{{ column }} = there.{{ column }}
        {%- endfor %}
    where there.shop is null
        and ({{ condition }})
{% endtest %}
