with

census_refunds as (
    select * from {{ source('recon', 'census_refunds') }}
),

final as (
    select
        -- ids
        shop,
        refund_id,
        order_id,

        -- money in shop currency
        total_refunded,

        -- times
        created_at
    from census_refunds
)

select * from final
