with

orders as (
    select * from {{ ref('stg_orders') }}
),

sales as (
    select * from {{ ref('int_order_sales') }}
),

payments as (
    select * from {{ ref('int_order_payments') }}
),

final as (
    select
        -- ids
        orders.shop,
        orders.order_id,
        orders.presentment_currency,
        orders.cancelled_at is not null as is_cancelled,

        -- what the order says
        orders.current_total_presentment as current_total,
        orders.received_presentment as received,
        orders.refunded_presentment as refunded,
        orders.net_payment_presentment as net_payment,
        orders.capturable_presentment as capturable,
        orders.outstanding_presentment as outstanding,

        -- what its ledger and its transactions add up to
        {{ money('coalesce(sales.total_presentment, 0)') }} as ledger_total,
        {{ money('coalesce(sales.adjustments_presentment, 0)') }} as ledger_adjustments,
        {{ money('coalesce(payments.received_presentment, 0)') }} as transactions_received,
        {{ money('coalesce(payments.refunded_presentment, 0)') }} as transactions_refunded
    from orders
    left join sales
        on orders.shop = sales.shop
        and orders.order_id = sales.order_id
    left join payments
        on orders.shop = payments.shop
        and orders.order_id = payments.order_id
)

select * from final
