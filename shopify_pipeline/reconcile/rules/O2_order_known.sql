-- Every order of the back office is one the shop has.
-- source: the snapshot's orders, posted documents and payments, against the census's orders; key: order; difference: what
-- its documents sum to. What is booked of an order the shop lacks is this rule's alone. A test order the shop has is O5's.

-- name: checked
select count(distinct order_id) from backoffice.orders where shop = %(shop)s;

-- name: differences
with booked as (
    select
        order_id, 'sale ' || record as what, null::numeric as total, null::text as currency,
        least((ordered_on + 1)::timestamp at time zone %(time_zone)s, %(as_of)s) as seen_at
    from backoffice.orders
    where shop = %(shop)s
    union all
    select order_id, 'document ' || external_id, total, currency, seen_at
    from booked_documents
    union all
    select
        order_id, 'payment ' || external_id, null, null,
        least((paid_on + 1)::timestamp at time zone %(time_zone)s, %(as_of)s)
    from backoffice.payments
    where shop = %(shop)s
)

select
    'orders/' || b.order_id as entity,
    '' as key,
    'missing_shopify' as class,
    null::text as expected,
    string_agg(b.what, ', ' order by b.what) as actual,
    sum(b.total) as difference,
    min(b.currency) as currency,
    min(b.seen_at) as since,
    concat(
        'order ', b.order_id, ' is not in the shop; the back office has ', string_agg(b.what, ', ' order by b.what),
        ' of ' || sum(b.total) || ' ' || min(b.currency)
    ) as message
from booked as b
where not exists (
    select from recon.census_orders as o where o.shop = %(shop)s and o.order_id = b.order_id
)
group by b.order_id
order by b.order_id;
