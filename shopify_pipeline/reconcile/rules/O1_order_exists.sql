-- Every order with a fact in the books is in the back office.
-- source: census against the snapshot's orders; key: order; tolerance: none; lag: yes.
-- repair missing_backoffice: push the order again

-- name: checked
select count(*) from expected_orders;

-- name: differences
select
    'orders/' || e.order_id as entity,
    '' as sub_key,
    case when e.first_at > %(as_of)s - %(lag)s then 'in_transit' else 'missing_backoffice' end as class,
    e.name as shop_value,
    null::text as backoffice_value,
    totals.total as amount,
    e.currency,
    e.first_at as since,
    concat('order ', e.name, ' is not in the back office') as message
from expected_orders as e
cross join lateral (
    select coalesce(sum(s.total), 0) as total
    from expected_sales as s
    where s.order_id = e.order_id and s.is_in_books
) as totals
where not exists (
    select from backoffice.orders as b where b.shop = %(shop)s and b.order_id = e.order_id
)
order by e.order_id;
