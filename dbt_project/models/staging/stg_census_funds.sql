with

census_funds as (
    select * from {{ source('recon', 'census_funds') }}
),

final as (
    select
        -- ids
        shop,
        currency,

        -- money in its currency
        balance
    from census_funds
)

select * from final
