with

variants as (
    select * from {{ source('shopify', 'variants') }}
),

live_products as (
    select
        shop,
        product_id
    from {{ ref('stg_products') }}
),

final as (
    select
        -- ids
        variants.shop,
        variants.variant_id,
        variants.product_id,
        variants.inventory_item_id,

        -- what it is
        variants.sku,
        variants.title as variant_title
    from variants
    inner join live_products
        on variants.shop = live_products.shop
        and variants.product_id = live_products.product_id
)

select * from final
