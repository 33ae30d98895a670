with

order_agreements as (
    select * from {{ source('shopify', 'order_agreements') }}
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
        order_agreements.shop,
        order_agreements.agreement_id,
        order_agreements.order_id,

        -- what it is
        order_agreements.agreement_type,

        -- times
        order_agreements.happened_at
    from order_agreements
    inner join live_orders
        on order_agreements.shop = live_orders.shop
        and order_agreements.order_id = live_orders.order_id
)

select * from final
