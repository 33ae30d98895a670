-- No authorisation waits to be captured for longer than a week.
-- source: the census's successful AUTHORIZATION transactions since go-live that no successful SALE, CAPTURE or VOID
-- names as its parent. key: transaction. Neighbours: what was captured is P1's to P3's, captured for too much P5's.

-- name: checked
select count(*)
from recon.census_transactions
where shop = %(shop)s and kind = 'AUTHORIZATION' and status = 'SUCCESS';

-- name: differences
select
    'orders/' || t.order_id as entity,
    t.transaction_id::text as key,
    'attention' as class,
    t.presentment_amount::text as expected,
    null::text as actual,
    -t.presentment_amount as difference,
    o.presentment_currency as currency,
    t.processed_at as since,
    concat(
        'order ', o.name, ': ', t.presentment_amount, ' ', o.presentment_currency, ' is authorised since ',
        (t.processed_at at time zone %(time_zone)s)::date, ' and neither captured nor let go'
    ) as message
from recon.census_transactions as t
inner join recon.census_orders as o on o.shop = t.shop and o.order_id = t.order_id
where t.shop = %(shop)s and t.kind = 'AUTHORIZATION' and t.status = 'SUCCESS' and not o.is_test
    and t.processed_at >= %(go_live_on)s::date::timestamp at time zone %(time_zone)s
    and not exists (
        select
        from recon.census_transactions as child
        where child.shop = t.shop and child.order_id = t.order_id and child.parent_id = t.transaction_id
            and child.status = 'SUCCESS' and child.kind in ('SALE', 'CAPTURE', 'VOID')
    )
order by t.order_id, t.transaction_id;
