{#- Sums of the model equal Shopify's sales ledger as loaded, group by group, to the last digit.

Reads the warehouse itself and no model in between. Orders found gone take their sales with them; orders of a test
gateway count only where the model holds them (`with_test_orders`).
-#}
{% test equals_sales_ledger(model, by, with_test_orders) %}
    with

    ledger as (
        select sales.*
        from {{ source('shopify', 'order_sales') }} as sales
        inner join {{ source('shopify', 'orders') }} as orders
            on sales.shop = orders.shop
            and sales.order_id = orders.order_id
        where orders.deleted_at is null
        {%- if not with_test_orders %}
            and not orders.is_test
        {%- endif %}
    ),

    legs as (
        select
            {{ by | join(', ') }},
            total_sales as total,
            taxes as tax
        from {{ model }}

        union all

        select
            {{ by | join(', ') }},
            -total_shop as total,
            -total_tax_shop as tax
        from ledger
    )

    select
        {{ by | join(', ') }},
        sum(total) as total_difference,
        sum(tax) as tax_difference
    from legs
    group by {{ by | join(', ') }}
    having sum(total) <> 0 or sum(tax) <> 0
{% endtest %}
