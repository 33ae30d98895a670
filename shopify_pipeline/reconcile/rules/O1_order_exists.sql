-- Every order with a fact in the books is in the back office.
-- source: the census's orders with a sale or a payment since go-live, against the snapshot's orders; key: order. An order
-- that is missing is this rule's alone. One only units moved of is rule F1's and R4's; one the shop lacks is O2's.

-- name: checked
select count(*) from expected_orders;

-- name: differences
select
    'orders/' || e.order_id as entity,
    '' as key,
    'missing_backoffice' as class,
    e.name as expected,
    null::text as actual,
    -totals.total as difference,
    e.currency,
    e.first_at as since,
    concat('order ', e.name, ' of ', totals.total, ' ', e.currency, ' is not in the back office') as message
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
