-- A payment has the amount of its transaction and is booked on its own order.
-- source: the census's transactions against the snapshot's payments of the same id. key: transaction. Neighbours: a
-- payment that is missing or foreign is P1's, one that is booked twice P5's; its accounts are L1's, its day L3's, its
-- customer L4's.

-- name: checked
select count(*)
from expected_payments as e
where exists (select from backoffice.payments as b where b.shop = %(shop)s and b.transaction_id = e.transaction_id);

-- name: differences
with booked as (
    select transaction_id, min(order_id) as order_id, sum(amount) as amount
    from backoffice.payments
    where shop = %(shop)s
    group by transaction_id
    having count(*) = 1
),

differing as (
    select
        e.order_id,
        e.transaction_id,
        e.amount as owed_amount,
        b.amount as booked_amount,
        b.order_id as booked_order_id,
        e.order_id <> b.order_id as is_elsewhere,
        e.processed_at as since
    from expected_payments as e
    inner join booked as b on b.transaction_id = e.transaction_id
    where e.amount <> b.amount or e.order_id <> b.order_id
)

select
    'orders/' || d.order_id as entity,
    d.transaction_id::text as key,
    case when d.is_elsewhere then 'orphan' else 'amount_mismatch' end as class,
    d.owed_amount::text as expected,
    d.booked_amount::text as actual,
    d.booked_amount - d.owed_amount as difference,
    o.currency,
    d.since,
    concat('order ', o.name, ', transaction ', d.transaction_id, ': ', case
        when d.is_elsewhere then concat('its payment is booked on order ', coalesce(other.name, d.booked_order_id::text))
        else concat('the shop says ', d.owed_amount, ', the payment says ', d.booked_amount)
    end) as message
from differing as d
inner join recon.census_orders as o on o.shop = %(shop)s and o.order_id = d.order_id
left join recon.census_orders as other on other.shop = %(shop)s and other.order_id = d.booked_order_id
order by d.order_id, d.transaction_id;
