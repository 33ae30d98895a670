with

orders as (
    select * from {{ source('shopify', 'orders') }}
),

final as (
    select
        -- ids
        shop,
        order_id,
        name as order_name,
        customer_id,

        -- what it is
        source_name,
        financial_status,
        fulfillment_status,
        return_status,
        cancel_reason,
        is_test,
        is_edited,
        taxes_included,
        ship_to_country_code,

        -- money in shop currency
        currency,
        original_total_price_shop as original_total_shop,
        total_price_shop as total_shop,
        current_total_price_shop as current_total_shop,
        total_received_shop as received_shop,
        total_refunded_shop as refunded_shop,
        net_payment_shop,
        total_capturable_shop as capturable_shop,
        total_outstanding_shop as outstanding_shop,

        -- money in presentment currency
        presentment_currency,
        current_total_price_presentment as current_total_presentment,
        total_received_presentment as received_presentment,
        total_refunded_presentment as refunded_presentment,
        net_payment_presentment,
        total_capturable_presentment as capturable_presentment,
        total_outstanding_presentment as outstanding_presentment,

        -- times
        created_at,
        processed_at,
        updated_at,
        cancelled_at,

        -- load
        _load_id as load_id
    from orders
    where not _deleted
)

select * from final
