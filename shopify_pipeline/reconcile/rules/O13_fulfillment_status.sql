-- An order is shipped as far in the back office as in the shop.
-- source: displayFulfillmentStatus against the units of the snapshot's sale and shipments: UNFULFILLED, and nothing left;
-- FULFILLED, and nothing is left to ship; PARTIALLY_FULFILLED, and both. The last only of an order all whose lines are
-- stocked and all whose fulfilments are since go-live, for the books know of no others; the shop's other words (ON_HOLD,
-- SCHEDULED, IN_PROGRESS …) say nothing of units. key: order. A second witness of F1, F2 and O9: what they find line by
-- line shows here where it changes how far the order is. An order that is there twice is rule O3's.

-- name: checked
select count(*)
from booked_orders as b
inner join recon.census_orders as o on o.shop = %(shop)s and o.order_id = b.order_id
where o.fulfillment_status in ('UNFULFILLED', 'PARTIALLY_FULFILLED', 'FULFILLED');

-- name: differences
with planned as (
    select order_id, sum(quantity) as quantity
    from backoffice.order_lines
    where shop = %(shop)s
    group by order_id
),

shipped as (
    select order_id, sum(quantity) as quantity
    from backoffice.shipments
    where shop = %(shop)s and kind = 'shipment'
    group by order_id
),

stocked as (
    select order_id, bool_and(is_stocked) as is_whole
    from expected_lines
    group by order_id
),

earlier as (
    select distinct order_id
    from recon.census_fulfillments
    where shop = %(shop)s and created_at < %(go_live_on)s::date::timestamp at time zone %(time_zone)s
),

compared as (
    select
        b.order_id,
        b.name,
        b.last_at,
        o.fulfillment_status as status,
        coalesce(shipped.quantity, 0) as gone,
        coalesce(planned.quantity, 0) - coalesce(shipped.quantity, 0) as waiting,
        coalesce(stocked.is_whole, false) and earlier.order_id is null as is_whole
    from booked_orders as b
    inner join recon.census_orders as o on o.shop = %(shop)s and o.order_id = b.order_id
    left join planned on planned.order_id = b.order_id
    left join shipped on shipped.order_id = b.order_id
    left join stocked on stocked.order_id = b.order_id
    left join earlier on earlier.order_id = b.order_id
)

select
    'orders/' || order_id as entity,
    '' as key,
    'status_mismatch' as class,
    status as expected,
    concat(trim_scale(gone), ' shipped, ', trim_scale(waiting), ' waiting') as actual,
    null::numeric as difference,
    null::text as currency,
    last_at as since,
    concat(
        'order ', name, ' is ', status, ' in the shop; in the back office ', trim_scale(gone), ' units left and ',
        trim_scale(waiting), ' wait'
    ) as message
from compared
where case status
    when 'UNFULFILLED' then gone <> 0
    when 'FULFILLED' then waiting <> 0
    when 'PARTIALLY_FULFILLED' then is_whole and (gone = 0 or waiting = 0)
    else false
end
order by order_id;
