with

order_transactions as (
    select * from {{ source('shopify', 'order_transactions') }}
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
        order_transactions.shop,
        order_transactions.transaction_id,
        order_transactions.order_id,

        -- what it is
        order_transactions.kind,
        order_transactions.status,
        order_transactions.gateway,

        -- money in presentment currency
        order_transactions.presentment_currency,
        order_transactions.amount_presentment,

        -- times
        order_transactions.created_at,
        order_transactions.processed_at
    from order_transactions
    inner join live_orders
        on order_transactions.shop = live_orders.shop
        and order_transactions.order_id = live_orders.order_id
)

select * from final
