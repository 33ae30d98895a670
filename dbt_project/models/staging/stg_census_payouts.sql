with

census_payouts as (
    select * from {{ source('recon', 'census_payouts') }}
),

final as (
    select
        -- ids
        shop,
        payout_id,

        -- what it is
        status,
        direction,

        -- money in its own currency
        currency,
        net,

        -- times
        issued_at
    from census_payouts
)

select * from final
