with

inventory_levels as (
    select * from {{ source('shopify', 'inventory_levels') }}
),

final as (
    select
        -- ids
        shop,
        inventory_item_id,
        location_id,

        -- what it is
        is_active,

        -- units
        available,
        on_hand,
        committed,
        incoming,
        reserved,
        damaged,
        quality_control,
        safety_stock,

        -- times
        updated_at,

        -- load
        _load_id as load_id
    from inventory_levels
    where not _deleted
)

select * from final
