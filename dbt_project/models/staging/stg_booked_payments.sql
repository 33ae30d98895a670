with

payments as (
    select * from {{ source('backoffice', 'payments') }}
),

final as (
    select
        -- ids
        shop,
        external_id,
        order_id,
        transaction_id,

        -- what it is
        account,
        company,

        -- money in the shop's currency
        amount,

        -- days
        paid_on
    from payments
)

select * from final
