-- The money given back for an order is the sum of its successful refund transactions.
-- source: the census's REFUND and CHANGE transactions against the snapshot's negative payments. key: order. A second
-- witness: it reports what P1, P2 and P5 name one by one. Neighbours: credit notes are R1's, R2a's and R3's; an order the
-- back office does not have at all is O1's.

-- name: checked
select count(distinct order_id) from expected_payments where amount < 0;

-- name: differences
with owed as (
    select order_id, sum(amount) as amount, max(processed_at) as last_at
    from expected_payments
    where amount < 0
    group by order_id
),

booked as (
    select
        order_id,
        sum(amount) as amount,
        max(least((paid_on + 1)::timestamp at time zone %(time_zone)s, %(as_of)s)) as seen_at
    from backoffice.payments
    where shop = %(shop)s and amount < 0
    group by order_id
),

differing as (
    select
        coalesce(owed.order_id, booked.order_id) as order_id,
        owed.amount as owed_amount,
        booked.amount as booked_amount,
        coalesce(owed.last_at, booked.seen_at) as since
    from owed
    full join booked on booked.order_id = owed.order_id
    where owed.amount is distinct from booked.amount
)

select
    'orders/' || d.order_id as entity,
    '' as key,
    case
        when d.booked_amount is null then 'missing_backoffice'
        when d.owed_amount is null then 'missing_shopify'
        else 'amount_mismatch'
    end as class,
    d.owed_amount::text as expected,
    d.booked_amount::text as actual,
    coalesce(d.booked_amount, 0) - coalesce(d.owed_amount, 0) as difference,
    o.currency,
    d.since,
    concat(
        'order ', coalesce(o.name, d.order_id::text), ': the shop gave back ', coalesce(-d.owed_amount, 0),
        ', the books say ', coalesce(-d.booked_amount, 0)
    ) as message
from differing as d
left join recon.census_orders as o on o.shop = %(shop)s and o.order_id = d.order_id
where d.booked_amount is not null
    or exists (select from backoffice.orders as b where b.shop = %(shop)s and b.order_id = d.order_id)
order by d.order_id;
