with

totals as (
    select * from {{ source('backoffice', 'totals') }}
),

final as (
    select
        -- ids
        shop,
        account,
        month,

        -- money in the shop's currency
        amount
    from totals
)

select * from final
