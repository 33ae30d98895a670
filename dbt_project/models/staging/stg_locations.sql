with

locations as (
    select * from {{ source('shopify', 'locations') }}
),

final as (
    select
        -- ids
        shop,
        location_id,

        -- what it is
        name as location_name,
        is_active
    from locations
    where not _deleted
)

select * from final
