-- What a location can sell is what it has on hand less what is promised or set aside.
-- source: the quantities of the census's levels alone: available = on hand less committed, reserved, damaged, in quality control
-- and safety stock; what is incoming is in none of them. Only tracked items. key: variant and location; tolerance: none;
-- lag: yes. What is on hand is rule I1's, what is committed I3's.

-- name: checked
select count(*)
from recon.census_levels as level
inner join recon.census_variants as v on v.shop = level.shop and v.inventory_item_id = level.inventory_item_id
where level.shop = %(shop)s and v.is_tracked;

-- name: differences
with level as (
    select
        v.variant_id, coalesce(nullif(v.sku, ''), v.variant_id::text) as name, place.name as location, l.available, l.updated_at,
        l.on_hand - l.committed - l.reserved - l.damaged - l.quality_control - l.safety_stock as sellable
    from recon.census_levels as l
    inner join recon.census_variants as v on v.shop = l.shop and v.inventory_item_id = l.inventory_item_id
    inner join recon.census_locations as place on place.shop = l.shop and place.location_id = l.location_id
    where l.shop = %(shop)s and v.is_tracked
)

select
    'variants/' || variant_id as entity,
    location as key,
    'quantity_mismatch' as class,
    sellable::text as expected,
    available::text as actual,
    (available - sellable)::numeric as difference,
    null::text as currency,
    updated_at as since,
    concat(name, ' at ', location, ': ', sellable, ' are on hand and not promised or set aside, and Shopify says ', available, ' are available')
        as message
from level
where available <> sellable
order by variant_id, location;
