-- What a customer still owes for an order is the same in shop and books.
-- source: totalOutstandingSet against posted documents less payments. It holds, to the last unit, for an order all whose
-- facts are in the books, paid in the shop's currency (else conversion leaves a rest), with no authorisation waiting (the
-- shop does not count that money as outstanding); adjustments that wait for a pending refund are taken off the shop's
-- figure, as they are left out of the books. key: order. A second witness of O5, P1, P2 and R2b: an error they find in one
-- document or payment shows here in the sum. A cancelled order is rule O11's.

-- name: checked
select count(*)
from expected_receivables as e
inner join booked_orders as o on o.order_id = e.order_id
where not o.is_cancelled;

-- name: differences
with documents as (
    select order_id, sum(total) as total
    from booked_documents
    group by order_id
),

payments as (
    select order_id, sum(amount) as amount
    from backoffice.payments
    where shop = %(shop)s
    group by order_id
),

compared as (
    select
        o.order_id, o.name, o.currency, o.last_at, e.amount as expected,
        coalesce(documents.total, 0) - coalesce(payments.amount, 0) as actual
    from expected_receivables as e
    inner join booked_orders as o on o.order_id = e.order_id
    left join documents on documents.order_id = e.order_id
    left join payments on payments.order_id = e.order_id
    where not o.is_cancelled
)

select
    'orders/' || order_id as entity,
    '' as key,
    'amount_mismatch' as class,
    expected::text as expected,
    actual::text as actual,
    actual - expected as difference,
    currency,
    last_at as since,
    concat(
        'order ', name, ': ', expected, ' ', currency, ' is outstanding in the shop, documents less payments leave ', actual
    ) as message
from compared
where expected <> actual
order by order_id;
