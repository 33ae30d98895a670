-- The units on hand of a variant at a warehouse are the units on hand at the locations it stands for.
-- source: the census's levels, variants and locations against the snapshot's stock, by the value map; only tracked items at
-- active locations, and only warehouses a location stands for. key: variant and warehouse; tolerance: none; lag: yes,
-- counted from the level's own stamp. The sum of all moves: which shipment or restock is wrong, rules F1 to F3 and R4
-- say; what somebody moved or counted by hand, this alone.

-- name: checked
select count(*)
from recon.census_levels as level
inner join recon.census_locations as place on place.shop = level.shop and place.location_id = level.location_id
inner join backoffice.value_map as m on m.shop = level.shop and m.kind = 'location' and m.key = place.name
where level.shop = %(shop)s;

-- name: differences
with counted as (
    select
        v.variant_id,
        m.code as location,
        sum(level.on_hand) as on_hand,
        max(level.updated_at) as since,
        min(coalesce(nullif(v.sku, ''), v.variant_id::text)) as name
    from recon.census_levels as level
    inner join recon.census_locations as place on place.shop = level.shop and place.location_id = level.location_id
    inner join backoffice.value_map as m on m.shop = level.shop and m.kind = 'location' and m.key = place.name
    inner join recon.census_variants as v on v.shop = level.shop and v.inventory_item_id = level.inventory_item_id
    where level.shop = %(shop)s and place.is_active and v.is_tracked
    group by v.variant_id, m.code
),

booked as (
    select product, location, quantity
    from backoffice.stock
    where shop = %(shop)s
        and location in (select code from backoffice.value_map where shop = %(shop)s and kind = 'location')
),

differing as (
    select
        coalesce(counted.variant_id::text, booked.product) as product,
        coalesce(counted.location, booked.location) as location,
        coalesce(counted.name, booked.product) as name,
        coalesce(counted.on_hand, 0) as on_hand,
        coalesce(booked.quantity, 0) as quantity,
        counted.since
    from counted
    full join booked on booked.product = counted.variant_id::text and booked.location = counted.location
    where coalesce(counted.on_hand, 0) <> coalesce(booked.quantity, 0)
)

select
    'variants/' || product as entity,
    location as key,
    'quantity_mismatch' as class,
    on_hand::text as expected,
    trim_scale(quantity)::text as actual,
    trim_scale(quantity - on_hand) as difference,
    null::text as currency,
    since,
    concat(name, ' at ', location, ': the shop has ', on_hand, ', the back office ', trim_scale(quantity)) as message
from differing
order by product, location;
