-- A fulfilment took the units of each line that the shop says.
-- source: stocked lines of the census's fulfilments since go-live (expected_units) against the snapshot's shipments, of those
-- both sides have; one only a single side has is rule F1's. key: fulfilment and order line; tolerance: none; lag: yes.

-- name: checked
select count(*)
from expected_units as u
where u.kind = 'shipment' and exists (select from backoffice.orders as b where b.shop = %(shop)s and b.order_id = u.order_id);

-- name: differences
with owed as (
    select external_id, order_id, order_line_id, quantity, moved_at
    from expected_units
    where kind = 'shipment'
),

booked as (
    select external_id, order_line_id, sum(quantity) as quantity
    from backoffice.shipments
    where shop = %(shop)s and kind = 'shipment' and quantity <> 0
    group by external_id, order_line_id
),

both_have as (
    select external_id, min(order_id) as order_id, min(moved_at) as moved_at
    from owed
    where external_id in (select external_id from booked)
    group by external_id
),

differing as (
    select
        coalesce(owed.external_id, booked.external_id) as external_id,
        coalesce(owed.order_line_id, booked.order_line_id) as order_line_id,
        coalesce(owed.quantity, 0) as owed_units,
        coalesce(booked.quantity, 0) as booked_units
    from owed
    full join booked on booked.external_id = owed.external_id and booked.order_line_id = owed.order_line_id
    where coalesce(owed.quantity, 0) <> coalesce(booked.quantity, 0)
)

select
    'orders/' || f.order_id as entity,
    d.external_id || '/' || d.order_line_id as key,
    'quantity_mismatch' as class,
    d.owed_units::text as expected,
    trim_scale(d.booked_units)::text as actual,
    trim_scale(d.booked_units - d.owed_units) as difference,
    null::text as currency,
    f.moved_at as since,
    concat(
        'order ', o.name, ', fulfilment ', d.external_id, ', line ', d.order_line_id, ' (', coalesce(nullif(v.sku, ''), line.variant_id::text),
        '): the shop shipped ', d.owed_units, ', the back office ', trim_scale(d.booked_units)
    ) as message
from differing as d
inner join both_have as f on f.external_id = d.external_id
inner join recon.census_orders as o on o.shop = %(shop)s and o.order_id = f.order_id
left join recon.census_lines as line on line.shop = %(shop)s and line.order_line_id = d.order_line_id
left join recon.census_variants as v on v.shop = %(shop)s and v.variant_id = line.variant_id
order by f.order_id, d.external_id, d.order_line_id;
