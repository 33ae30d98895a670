-- Nothing is oversold, and no warehouse holds less than nothing.
-- source: available of the census's levels of tracked items, and the snapshot's stock; each side is looked at alone, for both may
-- agree. key: variant and place; tolerance: none; lag: yes. Whether they agree is rules I1's and I3's.

-- name: checked
select (
    select count(*) from recon.census_levels where shop = %(shop)s
) + (
    select count(*) from backoffice.stock where shop = %(shop)s
);

-- name: differences
with short as (
    select
        v.variant_id::text as product, place.name as place, level.available::numeric as units, level.updated_at as since,
        'available in the shop' as what
    from recon.census_levels as level
    inner join recon.census_variants as v on v.shop = level.shop and v.inventory_item_id = level.inventory_item_id
    inner join recon.census_locations as place on place.shop = level.shop and place.location_id = level.location_id
    where level.shop = %(shop)s and v.is_tracked and place.is_active and level.available < 0
    union all
    select product, location, quantity, null, 'in the back office'
    from backoffice.stock
    where shop = %(shop)s and quantity < 0
)

select
    'variants/' || short.product as entity,
    short.place as key,
    'attention' as class,
    null::text as expected,
    trim_scale(short.units)::text as actual,
    null::numeric as difference,
    null::text as currency,
    short.since,
    concat(coalesce(nullif(v.sku, ''), short.product), ' at ', short.place, ': ', trim_scale(short.units), ' ', short.what) as message
from short
left join recon.census_variants as v on v.shop = %(shop)s and v.variant_id::text = short.product
order by short.product, short.place;
