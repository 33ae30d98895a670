with

census_restocks as (
    select * from {{ source('recon', 'census_restocks') }}
),

final as (
    select
        -- ids
        shop,
        source,
        source_id,
        order_line_id,
        location_id,
        order_id,

        -- units
        quantity,

        -- times
        restocked_at
    from census_restocks
)

select * from final
