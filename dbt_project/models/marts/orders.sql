with

orders as (
    select * from {{ ref('stg_orders') }}
),

shops as (
    select * from {{ ref('stg_shops') }}
),

sales as (
    select * from {{ ref('int_order_sales') }}
),

units as (
    select * from {{ ref('int_order_units') }}
),

payments as (
    select * from {{ ref('int_order_payments') }}
),

customer_orders as (
    select * from {{ ref('int_customer_orders') }}
),

final as (
    select
        -- ids
        orders.shop,
        orders.order_id,
        orders.order_name,
        orders.customer_id,

        -- what it is
        {{ day_in_zone('orders.processed_at', 'shops.time_zone') }} as ordered_on,
        orders.source_name,
        orders.ship_to_country_code,
        orders.financial_status,
        orders.fulfillment_status,
        orders.return_status,
        orders.cancel_reason,
        orders.cancelled_at is not null as is_cancelled,
        orders.is_edited,
        orders.is_test,
        coalesce(customer_orders.new_vs_repeat, 'guest') as new_vs_repeat,
        customer_orders.customer_order_number,

        -- units
        cast(coalesce(units.line_count, 0) as bigint) as line_count,
        cast(coalesce(units.units_ordered, 0) as bigint) as units_ordered,
        cast(coalesce(units.units_current, 0) as bigint) as units_current,

        -- lines at list price, in shop currency
        {{ money('coalesce(units.lines_total, 0)') }} as lines_total,

        -- sales, in shop currency and before tax
        orders.currency,
        orders.presentment_currency,
        {{ money('coalesce(sales.gross_sales, 0)') }} as gross_sales,
        {{ money('coalesce(sales.discounts, 0)') }} as discounts,
        {{ money('coalesce(sales.returns, 0)') }} as returns,
        {{ money('coalesce(sales.net_sales, 0)') }} as net_sales,
        {{ money('coalesce(sales.gift_cards, 0)') }} as gift_cards,
        {{ money('coalesce(sales.shipping, 0)') }} as shipping,
        {{ money('coalesce(sales.tips, 0)') }} as tips,
        {{ money('coalesce(sales.duties, 0)') }} as duties,
        {{ money('coalesce(sales.fees, 0)') }} as fees,
        {{ money('coalesce(sales.adjustments, 0)') }} as adjustments,
        {{ money('coalesce(sales.unclassified, 0)') }} as unclassified,

        -- sales, in shop currency, tax and sum
        {{ money('coalesce(sales.taxes, 0)') }} as taxes,
        {{ money('coalesce(sales.total_sales, 0)') }} as total_sales,

        -- the order as Shopify shows it, in shop currency
        orders.original_total_shop as original_total,
        orders.total_shop as total,
        orders.current_total_shop as current_total,

        -- money moved, in shop currency
        cast(coalesce(payments.payment_count, 0) as bigint) as payment_count,
        orders.received_shop as received,
        orders.refunded_shop as refunded,
        orders.net_payment_shop as net_payment,
        orders.capturable_shop as capturable,
        orders.outstanding_shop as outstanding,
        {{ money(
            'coalesce(sales.total_sales, 0) - orders.net_payment_shop'
            ~ ' - orders.capturable_shop - orders.outstanding_shop'
        ) }} as fx_residual,

        -- times
        orders.created_at,
        orders.processed_at,
        orders.updated_at,
        orders.cancelled_at,

        -- load
        orders.load_id
    from orders
    left join shops
        on orders.shop = shops.shop
    left join sales
        on orders.shop = sales.shop
        and orders.order_id = sales.order_id
    left join units
        on orders.shop = units.shop
        and orders.order_id = units.order_id
    left join payments
        on orders.shop = payments.shop
        and orders.order_id = payments.order_id
    left join customer_orders
        on orders.shop = customer_orders.shop
        and orders.order_id = customer_orders.order_id
)

select * from final
