with

shipments as (
    select * from {{ source('backoffice', 'shipments') }}
),

final as (
    select
        -- ids
        shop,
        kind,
        external_id,
        order_id,
        order_line_id,
        product,
        location,
        moved_on,

        -- units
        quantity
    from shipments
)

select * from final
