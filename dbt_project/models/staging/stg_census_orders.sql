with

census_orders as (
    select * from {{ source('recon', 'census_orders') }}
),

final as (
    select
        -- ids
        shop,
        order_id,
        name as order_name,
        customer_id,
        company_id,

        -- what it is
        is_test,
        financial_status,
        fulfillment_status,

        -- money in shop currency
        currency,
        current_total,
        current_tax,
        total_received,
        total_refunded,
        total_outstanding,

        -- times
        processed_at,
        updated_at,
        cancelled_at
    from census_orders
)

select * from final
