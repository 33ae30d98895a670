-- Every fulfilment has left the back office's stock, and nothing else has.
-- source: the census's fulfilments of status SUCCESS since go-live, their stocked lines (expected_units), against the snapshot's
-- shipments; one that was cancelled nets to nothing. key: fulfilment; tolerance: none; lag: yes. An order the back office
-- does not have at all is rule O1's, wrong units of one that is there F2's, its warehouse and day F3's.

-- name: checked
select count(distinct u.external_id)
from expected_units as u
where u.kind = 'shipment' and exists (select from backoffice.orders as b where b.shop = %(shop)s and b.order_id = u.order_id);

-- name: differences
with owed as (
    select external_id, order_id, sum(quantity) as units, min(moved_at) as moved_at
    from expected_units
    where kind = 'shipment'
    group by external_id, order_id
),

booked as (
    select
        external_id, min(order_id) as order_id, sum(quantity) as units,
        least((max(moved_on) + 1)::timestamp at time zone %(time_zone)s, %(as_of)s) as seen_at
    from backoffice.shipments
    where shop = %(shop)s and kind = 'shipment' and quantity <> 0
    group by external_id
),

differing as (
    select
        coalesce(owed.external_id, booked.external_id) as external_id, coalesce(owed.order_id, booked.order_id) as order_id,
        owed.units as owed_units, booked.units as booked_units, owed.moved_at, booked.seen_at
    from owed
    full join booked on booked.external_id = owed.external_id
    where owed.external_id is null or booked.external_id is null
)

select
    'orders/' || d.order_id as entity,
    d.external_id as key,
    case when d.booked_units is null then 'missing_backoffice' else 'missing_shopify' end as class,
    d.owed_units::text as expected,
    trim_scale(d.booked_units)::text as actual,
    trim_scale(coalesce(d.booked_units, 0) - coalesce(d.owed_units, 0)) as difference,
    null::text as currency,
    case when d.booked_units is null then d.moved_at when f.status = 'CANCELLED' then f.updated_at else d.seen_at end as since,
    concat('order ', coalesce(o.name, d.order_id::text), ', fulfilment ', d.external_id, ': ', case
        when d.booked_units is null then concat(d.owed_units, ' units left the shop, none the back office')
        when f.status = 'CANCELLED' then concat('it was cancelled, and ', trim_scale(d.booked_units), ' units are still out')
        else concat(trim_scale(d.booked_units), ' units left the back office, and the shop has no such fulfilment since go-live')
    end) as message
from differing as d
left join recon.census_orders as o on o.shop = %(shop)s and o.order_id = d.order_id
left join recon.census_fulfillments as f on f.shop = %(shop)s and f.fulfillment_id::text = d.external_id
where d.booked_units is not null
    or exists (select from backoffice.orders as b where b.shop = %(shop)s and b.order_id = d.order_id)
order by d.order_id, d.external_id;
