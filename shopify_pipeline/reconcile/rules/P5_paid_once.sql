-- An authorisation is not captured for more than it allows, nor booked twice.
-- source: duplicate: the snapshot has several payments of one of the census's transactions. attention: the census itself
-- has SALEs and CAPTUREs of one AUTHORIZATION that sum to more than it, in the currency the customer paid in, because
-- each may be converted at the rate of another day. key: parent transaction, the transaction itself when it has none.
-- Neighbours: a payment that is booked once, for something that moved no money, such as an authorisation, is P1's.

-- name: checked
select (
    select count(distinct transaction_id) from backoffice.payments where shop = %(shop)s
) + (
    select count(*)
    from recon.census_transactions
    where shop = %(shop)s and kind = 'AUTHORIZATION' and status = 'SUCCESS'
);

-- name: differences
with twice as (
    select transaction_id, sum(amount) as amount, count(*) as payments
    from backoffice.payments
    where shop = %(shop)s
    group by transaction_id
    having count(*) > 1
),

booked_twice as (
    select
        e.order_id,
        coalesce(t.parent_id, t.transaction_id) as parent_id,
        sum(e.amount) as owed,
        sum(twice.amount) as booked,
        sum(twice.payments) as payments,
        count(*) as transactions
    from twice
    inner join expected_payments as e on e.transaction_id = twice.transaction_id
    inner join recon.census_transactions as t on t.shop = %(shop)s and t.transaction_id = e.transaction_id
    group by e.order_id, coalesce(t.parent_id, t.transaction_id)
),

captured as (
    select t.order_id, t.transaction_id, t.presentment_amount as allowed, sum(child.presentment_amount) as captured
    from recon.census_transactions as t
    inner join recon.census_transactions as child
        on child.shop = t.shop and child.order_id = t.order_id and child.parent_id = t.transaction_id
    where t.shop = %(shop)s and t.kind = 'AUTHORIZATION' and t.status = 'SUCCESS'
        and child.status = 'SUCCESS' and child.kind in ('SALE', 'CAPTURE')
    group by t.order_id, t.transaction_id, t.presentment_amount
    having sum(child.presentment_amount) > t.presentment_amount
)

select
    'orders/' || b.order_id as entity,
    b.parent_id::text as key,
    'duplicate' as class,
    b.owed::text as expected,
    b.booked::text as actual,
    b.booked - b.owed as difference,
    o.currency,
    null::timestamptz as since,
    concat(
        'order ', o.name, ', transaction ', b.parent_id, ': ', b.owed, ' moved in ', b.transactions, ' and is booked in ',
        b.payments, ' payments of ', b.booked
    ) as message
from booked_twice as b
inner join recon.census_orders as o on o.shop = %(shop)s and o.order_id = b.order_id
union all
select
    'orders/' || c.order_id,
    c.transaction_id::text,
    'attention',
    c.allowed::text,
    c.captured::text,
    c.captured - c.allowed,
    o.presentment_currency,
    null,
    concat('order ', o.name, ', transaction ', c.transaction_id, ': ', c.captured, ' is captured of ', c.allowed, ' authorised')
from captured as c
inner join recon.census_orders as o on o.shop = %(shop)s and o.order_id = c.order_id
inner join expected_orders as e on e.order_id = c.order_id
where not o.is_test
order by entity, key;
