-- The units of a variant at a location are the same in shop and warehouse.
-- source: the census's levels against the warehouse's, each quantity by its name, in the version that was counted: a level
-- that is missing or older is rule W1's. key: variant, and location with the quantity's name.

-- name: checked
select count(*)
from recon.census_levels as c
inner join shopify.inventory_levels as l
    on l.shop = c.shop and l.inventory_item_id = c.inventory_item_id and l.location_id = c.location_id
where c.shop = %(shop)s and not l._deleted and l.updated_at = c.updated_at;

-- name: differences
select
    coalesce('variants/' || v.variant_id, 'inventory_items/' || c.inventory_item_id) as entity,
    coalesce(place.name, c.location_id::text) || ' ' || figure.name as key,
    'quantity_mismatch' as class,
    figure.expected::text as expected,
    figure.actual::text as actual,
    (figure.actual - figure.expected)::numeric as difference,
    null::text as currency,
    c.updated_at as since,
    concat(
        coalesce(nullif(v.sku, ''), v.variant_id::text, c.inventory_item_id::text), ' at ',
        coalesce(place.name, c.location_id::text), ', ', replace(figure.name, '_', ' '), ': the shop has ', figure.expected,
        ', the warehouse ', figure.actual
    ) as message
from recon.census_levels as c
inner join shopify.inventory_levels as l
    on l.shop = c.shop and l.inventory_item_id = c.inventory_item_id and l.location_id = c.location_id
left join recon.census_variants as v on v.shop = c.shop and v.inventory_item_id = c.inventory_item_id
left join recon.census_locations as place on place.shop = c.shop and place.location_id = c.location_id
cross join lateral (
    values
    ('on_hand', c.on_hand, coalesce(l.on_hand, 0)),
    ('available', c.available, coalesce(l.available, 0))
) as figure (name, expected, actual)
where c.shop = %(shop)s and not l._deleted and l.updated_at = c.updated_at and figure.expected <> figure.actual
order by c.inventory_item_id, c.location_id, figure.name;
