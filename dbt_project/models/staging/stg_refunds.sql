with

refunds as (
    select * from {{ source('shopify', 'refunds') }}
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
        refunds.shop,
        refunds.refund_id,
        refunds.order_id,

        -- times
        refunds.created_at,
        refunds.processed_at
    from refunds
    inner join live_orders
        on refunds.shop = live_orders.shop
        and refunds.order_id = live_orders.order_id
)

select * from final
