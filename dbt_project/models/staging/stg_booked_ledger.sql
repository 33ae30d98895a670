with

ledger as (
    select * from {{ source('backoffice', 'ledger') }}
),

final as (
    select
        -- ids
        shop,
        resource,
        external_id,
        account,
        party,
        order_id,

        -- money in the shop's currency
        amount,

        -- days
        booked_on
    from ledger
)

select * from final
