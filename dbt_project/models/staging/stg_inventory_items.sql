with

inventory_items as (
    select * from {{ source('shopify', 'inventory_items') }}
),

final as (
    select
        -- ids
        shop,
        inventory_item_id,

        -- what it is
        sku,
        is_tracked,

        -- money in cost_currency
        cost_currency,
        unit_cost
    from inventory_items
    where not _deleted
)

select * from final
