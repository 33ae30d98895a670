with

census_balance as (
    select * from {{ source('recon', 'census_balance') }}
),

final as (
    select
        -- ids
        shop,
        balance_transaction_id,
        payout_id,
        order_transaction_id,

        -- what it is
        type,
        is_test,

        -- money in its own currency
        currency,
        amount,
        fee,
        net,

        -- times
        transaction_at
    from census_balance
)

select * from final
