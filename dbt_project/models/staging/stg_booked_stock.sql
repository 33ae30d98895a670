with

stock as (
    select * from {{ source('backoffice', 'stock') }}
),

final as (
    select
        -- ids
        shop,
        product,
        location,

        -- units
        quantity
    from stock
)

select * from final
