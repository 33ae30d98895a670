-- Every order with a fact in the books is in the back office.
-- source: census against the snapshot's orders; key: order; tolerance: none; lag: yes.

-- name: checked
select count(*) from expected_orders;

-- name: differences
select
    'orders/' || e.order_id as entity,
    '' as key,
    'missing_backoffice' as class,
    e.name as expected,
    null::text as actual,
    totals.total as difference,
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
