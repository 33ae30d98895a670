with

order_lines as (
    select * from {{ source('shopify', 'order_lines') }}
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
        order_lines.shop,
        order_lines.order_line_id,
        order_lines.order_id,
        order_lines.variant_id,

        -- what it is
        order_lines.sku,
        order_lines.is_gift_card,

        -- units
        order_lines.quantity,
        order_lines.current_quantity,

        -- money in shop currency
        order_lines.currency,
        order_lines.original_total_shop,

        -- money in presentment currency
        order_lines.presentment_currency,
        order_lines.original_unit_price_presentment,
        order_lines.original_total_presentment
    from order_lines
    inner join live_orders
        on order_lines.shop = live_orders.shop
        and order_lines.order_id = live_orders.order_id
)

select * from final
