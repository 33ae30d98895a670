with

census_fulfillments as (
    select * from {{ source('recon', 'census_fulfillments') }}
),

final as (
    select
        -- ids
        shop,
        fulfillment_id,
        order_id,
        location_id,

        -- what it is
        status,

        -- times
        created_at,
        updated_at
    from census_fulfillments
)

select * from final
