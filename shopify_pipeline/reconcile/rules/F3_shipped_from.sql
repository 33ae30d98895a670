-- A fulfilment left the warehouse its location stands for, on its own day.
-- source: location and time of the census's fulfilments since go-live (expected_units), by the value map and in the shop's zone,
-- against the snapshot's shipments, of those both sides have. A location without a code is rule U1's. key: fulfilment;
-- tolerance: none; lag: yes. What is missing is rule F1's, wrong units F2's; stock on the wrong shelf shows in I1 too.

-- name: checked
select count(distinct u.external_id)
from expected_units as u
where u.kind = 'shipment' and u.location is not null
    and exists (select from backoffice.orders as b where b.shop = %(shop)s and b.order_id = u.order_id);

-- name: differences
with owed as (
    select
        external_id, min(order_id) as order_id, min(location) as location,
        (min(moved_at) at time zone %(time_zone)s)::date as moved_on, min(moved_at) as moved_at
    from expected_units
    where kind = 'shipment' and location is not null
    group by external_id
),

booked as (
    select
        external_id, string_agg(distinct location, ', ' order by location) as location,
        string_agg(distinct moved_on::text, ', ' order by moved_on::text) as moved_on
    from backoffice.shipments
    where shop = %(shop)s and kind = 'shipment' and quantity <> 0
    group by external_id
)

select
    'orders/' || owed.order_id as entity,
    owed.external_id as key,
    'status_mismatch' as class,
    concat(owed.location, ' on ', owed.moved_on) as expected,
    concat(booked.location, ' on ', booked.moved_on) as actual,
    null::numeric as difference,
    null::text as currency,
    owed.moved_at as since,
    concat(
        'order ', o.name, ', fulfilment ', owed.external_id, ': it left ', owed.location, ' on ', owed.moved_on, ', in the back office ',
        booked.location, ' on ', booked.moved_on
    ) as message
from owed
inner join booked on booked.external_id = owed.external_id
inner join recon.census_orders as o on o.shop = %(shop)s and o.order_id = owed.order_id
where booked.location <> owed.location or booked.moved_on <> owed.moved_on::text
order by owed.order_id, owed.external_id;
