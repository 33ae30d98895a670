with

census_locations as (
    select * from {{ source('recon', 'census_locations') }}
),

final as (
    select
        -- ids
        shop,
        location_id,

        -- what it is
        name as location_name,
        is_active
    from census_locations
)

select * from final
