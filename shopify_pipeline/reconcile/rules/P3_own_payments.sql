-- What was received and given back for an order is the sum of its transactions.
-- source: totalReceivedSet and totalRefundedSet of the census's orders against its own successful transactions, all in
-- the currency the customer paid in: SALE and CAPTURE less CHANGE, and REFUND. It holds for every order, whatever its
-- state: what is authorised or pending is in neither. Only orders in the books. key: order and figure. Neighbours: a
-- transaction that is not booked is P1's.

-- name: checked
select count(*) from expected_orders;

-- name: differences
with moved as (
    select
        t.order_id,
        sum(case t.kind when 'CHANGE' then -t.presentment_amount when 'REFUND' then 0 else t.presentment_amount end) as received,
        sum(case t.kind when 'REFUND' then t.presentment_amount else 0 end) as refunded,
        max(t.processed_at) as last_at
    from recon.census_transactions as t
    inner join expected_orders as e on e.order_id = t.order_id
    where t.shop = %(shop)s and t.status = 'SUCCESS' and t.kind in ('SALE', 'CAPTURE', 'REFUND', 'CHANGE')
    group by t.order_id
),

compared as (
    select
        o.order_id,
        o.name,
        o.presentment_currency as currency,
        figure.name as key,
        figure.told,
        figure.summed,
        greatest(m.last_at, o.updated_at) as since
    from expected_orders as e
    inner join recon.census_orders as o on o.shop = %(shop)s and o.order_id = e.order_id
    left join moved as m on m.order_id = o.order_id
    cross join lateral (
        values
        ('received', o.presentment_total_received, coalesce(m.received, 0)),
        ('refunded', o.presentment_total_refunded, coalesce(m.refunded, 0))
    ) as figure (name, told, summed)
)

select
    'orders/' || order_id as entity,
    key,
    'amount_mismatch' as class,
    told::text as expected,
    summed::text as actual,
    summed - told as difference,
    currency,
    since,
    concat('order ', name, ': the shop says ', told, ' was ', key, ', its transactions sum to ', summed) as message
from compared
where told <> summed
order by order_id, key;
