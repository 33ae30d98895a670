with

refund_lines as (
    select * from {{ source('shopify', 'refund_lines') }}
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
        refund_lines.shop,
        refund_lines.refund_id,
        refund_lines.position,
        refund_lines.order_id,
        refund_lines.order_line_id,
        refund_lines.location_id,

        -- what it is
        refund_lines.restock_type,

        -- units
        refund_lines.quantity
    from refund_lines
    inner join live_orders
        on refund_lines.shop = live_orders.shop
        and refund_lines.order_id = live_orders.order_id
)

select * from final
