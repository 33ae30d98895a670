-- The units promised to customers are the units the back office still has to ship.
-- source: committed of the census's levels, less what orders the back office does not have (of a test, or older than go-live and
-- not brought; a missing one is rule O1's) still wait for, against the snapshot's sale lines less its shipments. Only tracked
-- items. key: variant, for no sale tells the location; tolerance: none; lag: yes. Which line it is rules O9 and F2 say.

-- name: checked
select count(*) from recon.census_variants where shop = %(shop)s and is_tracked;

-- name: differences
with variant as (
    select v.variant_id, v.inventory_item_id, coalesce(nullif(v.sku, ''), v.variant_id::text) as name
    from recon.census_variants as v
    where v.shop = %(shop)s and v.is_tracked
),

held as (
    select inventory_item_id, sum(committed) as units, max(updated_at) as updated_at
    from recon.census_levels
    where shop = %(shop)s
    group by inventory_item_id
),

elsewhere as (
    select line.variant_id, sum(line.unfulfilled_quantity) as units
    from recon.census_lines as line
    where line.shop = %(shop)s and line.unfulfilled_quantity > 0
        and not exists (select from backoffice.orders as b where b.shop = line.shop and b.order_id = line.order_id)
    group by line.variant_id
),

sold as (
    select product, sum(quantity) as units
    from backoffice.order_lines as line
    where shop = %(shop)s and exists (select from backoffice.orders as b where b.shop = line.shop and b.order_id = line.order_id)
    group by product
),

shipped as (
    select product, sum(quantity) as units
    from backoffice.shipments as moved
    where shop = %(shop)s and kind = 'shipment'
        and exists (select from backoffice.orders as b where b.shop = moved.shop and b.order_id = moved.order_id)
    group by product
),

compared as (
    select
        v.variant_id, v.name, held.updated_at,
        coalesce(held.units, 0) - coalesce(elsewhere.units, 0) as promised,
        coalesce(sold.units, 0) - coalesce(shipped.units, 0) as to_ship
    from variant as v
    left join held on held.inventory_item_id = v.inventory_item_id
    left join elsewhere on elsewhere.variant_id = v.variant_id
    left join sold on sold.product = v.variant_id::text
    left join shipped on shipped.product = v.variant_id::text
)

select
    'variants/' || variant_id as entity,
    '' as key,
    'quantity_mismatch' as class,
    trim_scale(promised)::text as expected,
    trim_scale(to_ship)::text as actual,
    trim_scale(to_ship - promised) as difference,
    null::text as currency,
    updated_at as since,
    concat(name, ': ', trim_scale(promised), ' are promised by the shop, ', trim_scale(to_ship), ' are still to be shipped by the back office')
        as message
from compared
where promised <> to_ship
order by variant_id;
