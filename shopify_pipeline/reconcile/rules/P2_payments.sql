-- Every successful money movement is booked once, with its amount, on its own order.
-- source: the census's transactions against the snapshot's payments; key: transaction; tolerance: none; lag: yes.
-- An order the back office does not have at all is rule O1's.

-- name: checked
select count(*)
from expected_payments as e
where exists (select from backoffice.orders as b where b.shop = %(shop)s and b.order_id = e.order_id);

-- name: differences
with booked as (
    select
        transaction_id,
        order_id,
        sum(amount) as amount,
        max(least((paid_on + 1)::timestamp at time zone %(time_zone)s, %(as_of)s)) as seen_at
    from backoffice.payments
    where shop = %(shop)s
    group by transaction_id, order_id
),

differing as (
    select
        coalesce(e.order_id, b.order_id) as order_id,
        coalesce(e.transaction_id, b.transaction_id) as transaction_id,
        e.amount as owed_amount,
        b.amount as booked_amount,
        b.order_id as booked_order_id,
        e.transaction_id is not null as is_owed,
        b.transaction_id is not null as is_booked,
        e.order_id <> b.order_id as is_elsewhere,
        coalesce(e.processed_at, b.seen_at) as since
    from expected_payments as e
    full join booked as b on b.transaction_id = e.transaction_id
    where e.amount is distinct from b.amount or e.order_id is distinct from b.order_id
)

select
    'orders/' || d.order_id as entity,
    d.transaction_id::text as key,
    case
        when not d.is_booked then 'missing_backoffice'
        when not d.is_owed then 'missing_shopify'
        when d.is_elsewhere then 'orphan'
        else 'amount_mismatch'
    end as class,
    d.owed_amount::text as expected,
    d.booked_amount::text as actual,
    coalesce(d.booked_amount, 0) - coalesce(d.owed_amount, 0) as difference,
    o.currency,
    d.since,
    concat('order ', coalesce(o.name, d.order_id::text), ', transaction ', d.transaction_id, ': ', case
        when not d.is_booked then concat(d.owed_amount, ' is not booked')
        when not d.is_owed then concat(d.booked_amount, ' is booked, the shop has no successful transaction for it')
        when d.is_elsewhere then concat('its payment is booked on order ', coalesce(other.name, d.booked_order_id::text))
        else concat('the shop says ', d.owed_amount, ', the payment says ', d.booked_amount)
    end) as message
from differing as d
left join recon.census_orders as o on o.shop = %(shop)s and o.order_id = d.order_id
left join recon.census_orders as other on other.shop = %(shop)s and other.order_id = d.booked_order_id
where d.is_booked or exists (select from backoffice.orders as b where b.shop = %(shop)s and b.order_id = d.order_id)
order by d.order_id, d.transaction_id;
