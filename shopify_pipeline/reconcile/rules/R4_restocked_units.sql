-- Units that came back on a shelf are back in the back office's stock.
-- source: the census's restocks (refund lines of type RETURN, dispositions of returns) since go-live, and fulfilments that left
-- before it and were cancelled since, their stocked lines (expected_units), against the snapshot's restocks. key: restock and
-- order line; tolerance: none; lag: yes. An order the back office does not have at all is rule O1's; the money of a refund
-- R1's and R2a's. A location without a code is rule U1's.

-- name: checked
select count(*)
from expected_units as u
where u.kind = 'restock' and exists (select from backoffice.orders as b where b.shop = %(shop)s and b.order_id = u.order_id);

-- name: differences
with owed as (
    select
        external_id, order_id, order_line_id, location, quantity, moved_at, (moved_at at time zone %(time_zone)s)::date as moved_on
    from expected_units
    where kind = 'restock'
),

booked as (
    select external_id, order_line_id, min(order_id) as order_id, sum(quantity) as quantity,
        string_agg(distinct location, ', ' order by location) as location,
        string_agg(distinct moved_on::text, ', ' order by moved_on::text) as moved_on,
        least((max(moved_on) + 1)::timestamp at time zone %(time_zone)s, %(as_of)s) as seen_at
    from backoffice.shipments
    where shop = %(shop)s and kind = 'restock' and quantity <> 0
    group by external_id, order_line_id
),

differing as (
    select
        coalesce(owed.order_id, booked.order_id) as order_id,
        coalesce(owed.external_id, booked.external_id) as external_id,
        coalesce(owed.order_line_id, booked.order_line_id) as order_line_id,
        owed.quantity as owed_units, booked.quantity as booked_units,
        concat(owed.location, ' on ', owed.moved_on) as owed_place, concat(booked.location, ' on ', booked.moved_on) as booked_place,
        coalesce(owed.moved_at, booked.seen_at) as since
    from owed
    full join booked on booked.external_id = owed.external_id and booked.order_line_id = owed.order_line_id
    where owed.quantity is distinct from booked.quantity
        or owed.location <> booked.location or owed.moved_on::text <> booked.moved_on
)

select
    'orders/' || d.order_id as entity,
    d.external_id || '/' || d.order_line_id as key,
    case
        when d.booked_units is null then 'missing_backoffice'
        when d.owed_units is null then 'missing_shopify'
        when d.owed_units <> d.booked_units then 'quantity_mismatch'
        else 'status_mismatch'
    end as class,
    case when d.owed_units = d.booked_units then d.owed_place else d.owed_units::text end as expected,
    case when d.owed_units = d.booked_units then d.booked_place else trim_scale(d.booked_units)::text end as actual,
    case when d.owed_units is distinct from d.booked_units
        then trim_scale(coalesce(d.booked_units, 0) - coalesce(d.owed_units, 0))
    end as difference,
    null::text as currency,
    d.since,
    concat('order ', coalesce(o.name, d.order_id::text), ', restock ', d.external_id, ', line ', d.order_line_id, ': ', case
        when d.booked_units is null then concat(d.owed_units, ' units came back in the shop, none in the back office')
        when d.owed_units is null then concat(trim_scale(d.booked_units), ' units came back in the back office, and none in the shop')
        when d.owed_units <> d.booked_units
            then concat('the shop took back ', d.owed_units, ', the back office ', trim_scale(d.booked_units))
        else concat('they came back to ', d.owed_place, ', in the back office to ', d.booked_place)
    end) as message
from differing as d
left join recon.census_orders as o on o.shop = %(shop)s and o.order_id = d.order_id
where d.booked_units is not null
    or exists (select from backoffice.orders as b where b.shop = %(shop)s and b.order_id = d.order_id)
order by d.order_id, d.external_id, d.order_line_id;
