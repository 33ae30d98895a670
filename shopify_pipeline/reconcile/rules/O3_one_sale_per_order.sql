-- An order is in the back office once.
-- source: the snapshot's orders; key: order; difference: sales too many. A second sale never comes right by itself. Of an
-- order that is there twice nothing is compared line by line: rules O9 to O13 leave it to this rule.

-- name: checked
select count(distinct order_id) from backoffice.orders where shop = %(shop)s;

-- name: differences
select
    'orders/' || b.order_id as entity,
    '' as key,
    'duplicate' as class,
    '1' as expected,
    count(*)::text as actual,
    (count(*) - 1)::numeric as difference,
    null::text as currency,
    null::timestamptz as since,
    concat('order ', o.name, ' is booked as ', string_agg(b.record, ' and ' order by b.record)) as message
from backoffice.orders as b
inner join recon.census_orders as o on o.shop = b.shop and o.order_id = b.order_id
where b.shop = %(shop)s
group by b.order_id, o.name
having count(*) > 1
order by b.order_id;
