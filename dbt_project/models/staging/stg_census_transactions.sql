with

census_transactions as (
    select * from {{ source('recon', 'census_transactions') }}
),

final as (
    select
        -- ids
        shop,
        transaction_id,
        order_id,
        parent_id,

        -- what it is
        kind,
        status,
        gateway,

        -- money in shop currency
        amount,
        rounding,

        -- times
        processed_at
    from census_transactions
)

select * from final
