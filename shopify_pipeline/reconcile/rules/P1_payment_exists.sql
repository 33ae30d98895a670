-- Every successful money movement is booked, and nothing else is.
-- source: the census's successful SALE, CAPTURE, REFUND and CHANGE transactions since go-live against the snapshot's
-- payments. key: transaction. Neighbours: an order the back office does not have at all is O1's, a payment of another
-- amount or on another order P2's, one that is booked twice P5's.

-- name: checked
select count(*)
from expected_payments as e
where exists (select from backoffice.orders as b where b.shop = %(shop)s and b.order_id = e.order_id);

-- name: differences
with booked as (
    select
        transaction_id,
        min(order_id) as order_id,
        sum(amount) as amount,
        max(least((paid_on + 1)::timestamp at time zone %(time_zone)s, %(as_of)s)) as seen_at
    from backoffice.payments
    where shop = %(shop)s
    group by transaction_id
),

alone as (
    select
        coalesce(e.order_id, b.order_id) as order_id,
        coalesce(e.transaction_id, b.transaction_id) as transaction_id,
        e.amount as owed_amount,
        b.amount as booked_amount,
        b.transaction_id is not null as is_booked,
        coalesce(e.processed_at, b.seen_at) as since
    from expected_payments as e
    full join booked as b on b.transaction_id = e.transaction_id
    where e.transaction_id is null or b.transaction_id is null
)

select
    'orders/' || a.order_id as entity,
    a.transaction_id::text as key,
    case when a.is_booked then 'missing_shopify' else 'missing_backoffice' end as class,
    a.owed_amount::text as expected,
    a.booked_amount::text as actual,
    coalesce(a.booked_amount, 0) - coalesce(a.owed_amount, 0) as difference,
    o.currency,
    a.since,
    concat('order ', coalesce(o.name, a.order_id::text), ', transaction ', a.transaction_id, ': ', case
        when a.is_booked then concat(a.booked_amount, ' is booked, the shop has no successful transaction for it')
        else concat(a.owed_amount, ' is not booked')
    end) as message
from alone as a
left join recon.census_orders as o on o.shop = %(shop)s and o.order_id = a.order_id
where a.is_booked or exists (select from backoffice.orders as b where b.shop = %(shop)s and b.order_id = a.order_id)
order by a.order_id, a.transaction_id;
