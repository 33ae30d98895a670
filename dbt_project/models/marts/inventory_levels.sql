with

levels as (
    select * from {{ ref('stg_inventory_levels') }}
),

items as (
    select * from {{ ref('stg_inventory_items') }}
),

locations as (
    select * from {{ ref('stg_locations') }}
),

variants as (
    select * from {{ ref('stg_variants') }}
),

products as (
    select * from {{ ref('stg_products') }}
),

final as (
    select
        -- ids
        levels.shop,
        levels.inventory_item_id,
        levels.location_id,
        variants.variant_id,
        variants.product_id,

        -- what it is
        locations.location_name,
        coalesce(variants.sku, items.sku) as sku,
        products.product_title,
        variants.variant_title,
        items.is_tracked,
        levels.is_active,

        -- units
        levels.on_hand,
        levels.available,
        levels.committed,
        levels.incoming,
        levels.reserved,
        levels.damaged,
        levels.quality_control,
        levels.safety_stock,

        -- money in cost_currency
        items.cost_currency,
        items.unit_cost,
        {{ money('items.unit_cost * levels.on_hand') }} as value_on_hand,

        -- times
        levels.updated_at,

        -- load
        levels.load_id
    from levels
    left join items
        on levels.shop = items.shop
        and levels.inventory_item_id = items.inventory_item_id
    left join locations
        on levels.shop = locations.shop
        and levels.location_id = locations.location_id
    left join variants
        on levels.shop = variants.shop
        and levels.inventory_item_id = variants.inventory_item_id
    left join products
        on variants.shop = products.shop
        and variants.product_id = products.product_id
)

select * from final
