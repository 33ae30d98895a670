with

order_sales as (
    select * from {{ source('shopify', 'order_sales') }}
),

live_orders as (
    select
        shop,
        order_id
    from {{ ref('stg_orders') }}
),

final as (
    select
        -- ids
        order_sales.shop,
        order_sales.sale_id,
        order_sales.agreement_id,
        order_sales.order_id,

        -- what it is
        order_sales.action_type,
        order_sales.line_type,

        -- units
        order_sales.quantity,

        -- money in shop currency
        order_sales.currency,
        order_sales.total_shop,
        order_sales.total_tax_shop as tax_shop,
        order_sales.discount_before_tax_shop as discount_shop,

        -- money in presentment currency
        order_sales.presentment_currency,
        order_sales.total_presentment
    from order_sales
    inner join live_orders
        on order_sales.shop = live_orders.shop
        and order_sales.order_id = live_orders.order_id
)

select * from final
