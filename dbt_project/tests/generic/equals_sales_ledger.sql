{#- Sums of the model equal Shopify's sales ledger as loaded, group by group, to the last digit.

Reads the warehouse itself and no model in between. Orders found gone take their sales with them; orders of a test
gateway count only where the model holds them (`with_test_orders`). A group that a load has touched since the model was
built is left to the next build.
-#}
{% test equals_sales_ledger(model, by, with_test_orders) %}
    with

    seen as (
        {{ loads_seen_by(model) }}
    ),

    ledger as (
        select
            sales.shop,
            sales.order_id,
            sales.currency,
            {{ day_in_zone('agreements.happened_at', 'shops.time_zone') }} as sold_on,
            sales.total_shop as total,
            sales.total_tax_shop as tax,
            case when orders._load_id > seen.load_id then 1 else 0 end as is_newer
        from {{ source('shopify', 'order_sales') }} as sales
        left join {{ source('shopify', 'order_agreements') }} as agreements
            on sales.shop = agreements.shop
            and sales.agreement_id = agreements.agreement_id
        inner join {{ source('shopify', 'orders') }} as orders
            on sales.shop = orders.shop
            and sales.order_id = orders.order_id
        left join {{ source('ops', 'shops') }} as shops
            on sales.shop = shops.shop
        left join seen
            on sales.shop = seen.shop
        where not orders._deleted
        {%- if not with_test_orders %}
            and not orders.is_test
        {%- endif %}
    ),

    legs as (
        select
            {{ by | join(', ') }},
            total_sales as total,
            taxes as tax,
            0 as is_newer
        from {{ model }}

        union all

        select
            {{ by | join(', ') }},
            -total as total,
            -tax as tax,
            is_newer
        from ledger
    )

    select
        {{ by | join(', ') }},
        sum(total) as total_difference,
        sum(tax) as tax_difference
    from legs
    group by {{ by | join(', ') }}
    having max(is_newer) = 0
        and (sum(total) <> 0 or sum(tax) <> 0)
{% endtest %}
