with

census_variants as (
    select * from {{ source('recon', 'census_variants') }}
),

final as (
    select
        -- ids
        shop,
        variant_id,
        inventory_item_id,

        -- what it is
        sku,
        is_tracked
    from census_variants
)

select * from final
