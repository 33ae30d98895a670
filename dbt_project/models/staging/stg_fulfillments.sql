with

fulfillments as (
    select * from {{ source('shopify', 'fulfillments') }}
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
        fulfillments.shop,
        fulfillments.fulfillment_id,
        fulfillments.order_id,

        -- what it is
        fulfillments.status,

        -- times
        fulfillments.created_at
    from fulfillments
    inner join live_orders
        on fulfillments.shop = live_orders.shop
        and fulfillments.order_id = live_orders.order_id
)

select * from final
