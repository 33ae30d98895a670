-- Of an order whose units all left, no revenue waits any more.
-- source: the census's lines against the snapshot's ledger on the account where revenue waits for fulfillment; where goods are
-- revenue with their order it compares nothing. key: order; tolerance: none; lag: yes. An order that is older than go-live is
-- judged once the opening balances are in the books. Which account a release went to is rule L1's, a fulfilment the back
-- office does not have F1's too. Both are told apart by what is left: this is the sum over the order.

-- name: checked
select count(*)
from expected_orders as o
where %(recognition)s = 'fulfillment' and not exists (
    select
    from recon.census_lines as l
    where l.shop = %(shop)s and l.order_id = o.order_id and l.unfulfilled_quantity > 0
);

-- name: differences
with waiting as (
    select l.order_id, l.account, sum(l.amount) as amount
    from backoffice.ledger as l
    inner join backoffice.value_map as m
        on m.shop = l.shop and m.kind = 'account' and m.key = 'deferred' and m.code = l.account
    where l.shop = %(shop)s and l.order_id is not null and %(recognition)s = 'fulfillment'
    group by l.order_id, l.account
    having sum(l.amount) <> 0
),

left_at as (
    select f.order_id, max(greatest(f.created_at, f.updated_at)) as at
    from recon.census_fulfillments as f
    where f.shop = %(shop)s
    group by f.order_id
)

select
    'orders/' || o.order_id as entity,
    '' as key,
    'amount_mismatch' as class,
    '0' as expected,
    trim_scale(-w.amount)::text as actual,
    -w.amount as difference,
    o.currency,
    greatest(e.last_at, left_at.at) as since,
    concat('order ', o.name, ': all its units have left, and ', trim_scale(-w.amount), ' still waits on account ', w.account) as message
from waiting as w
inner join recon.census_orders as o on o.shop = %(shop)s and o.order_id = w.order_id
left join expected_orders as e on e.order_id = w.order_id
left join left_at on left_at.order_id = w.order_id
where not exists (
    select
    from recon.census_lines as l
    where l.shop = %(shop)s and l.order_id = w.order_id and l.unfulfilled_quantity > 0
) and (
    o.processed_at >= %(go_live_on)s::date::timestamp at time zone %(time_zone)s
    or exists (
        select
        from backoffice.ledger as opened
        where opened.shop = %(shop)s and opened.resource = 'entries' and starts_with(opened.external_id, 'opening/')
    )
)
order by o.order_id;
