with

census_levels as (
    select * from {{ source('recon', 'census_levels') }}
),

final as (
    select
        -- ids
        shop,
        inventory_item_id,
        location_id,

        -- units
        on_hand,

        -- times
        updated_at
    from census_levels
)

select * from final
