-- An order is in the back office once.
-- source: the snapshot's orders; key: order; tolerance: none; lag: none, a second sale never comes right by itself.

-- name: checked
select count(distinct order_id) from backoffice.orders where shop = %(shop)s;

-- name: differences
select
    'orders/' || b.order_id as entity,
    '' as key,
    'duplicate' as class,
    '1' as expected,
    count(*)::text as actual,
    null::numeric as difference,
    o.currency,
    coalesce(o.created_at, %(as_of)s) as since,
    concat('order ', coalesce(o.name, b.order_id::text), ' is booked as ', string_agg(b.record, ' and ' order by b.record)) as message
from backoffice.orders as b
left join recon.census_orders as o on o.shop = b.shop and o.order_id = b.order_id
where b.shop = %(shop)s
group by b.order_id, o.name, o.currency, o.created_at
having count(*) > 1
order by b.order_id;
