with

products as (
    select * from {{ source('shopify', 'products') }}
),

final as (
    select
        -- ids
        shop,
        product_id,

        -- what it is
        title as product_title,
        status as product_status,
        vendor,
        product_type
    from products
    where not _deleted
)

select * from final
