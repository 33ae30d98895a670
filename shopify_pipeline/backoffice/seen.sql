-- Shopify's words the value map needs a code for, as far as the warehouse has seen them.
-- Parameters: shop, since (facts before it are not in the books, UTC; null: everything), own_channels.

-- name: lines
select s.line_type as word, count(*) as records
from shopify.order_sales as s
inner join shopify.order_agreements as a on a.shop = s.shop and a.order_id = s.order_id and a.agreement_id = s.agreement_id
where s.shop = %(shop)s and (%(since)s::timestamptz is null or a.happened_at >= %(since)s)
group by s.line_type
order by s.line_type;

-- name: gateways
select coalesce(t.gateway, '') as word, count(*) as records
from shopify.order_transactions as t
inner join shopify.orders as o on o.shop = t.shop and o.order_id = t.order_id
where t.shop = %(shop)s and not o.is_test and t.status = 'SUCCESS' and t.kind in ('SALE', 'CAPTURE', 'REFUND', 'CHANGE')
    and (%(since)s::timestamptz is null or coalesce(t.processed_at, t.created_at) >= %(since)s)
group by coalesce(t.gateway, '')
order by coalesce(t.gateway, '');

-- name: taxes
-- A shop's own channels do not always say who is liable: there it is the shop.
select
    t.title, t.rate,
    case
        when t.channel_liable is null and (o.source_name is null or o.source_name = any(%(own_channels)s)) then false
        else t.channel_liable
    end as is_channel_liable,
    count(*) as records
from shopify.order_sale_taxes as t
inner join shopify.orders as o on o.shop = t.shop and o.order_id = t.order_id
inner join shopify.order_sales as s on s.shop = t.shop and s.order_id = t.order_id and s.sale_id = t.sale_id
inner join shopify.order_agreements as a on a.shop = s.shop and a.order_id = s.order_id and a.agreement_id = s.agreement_id
where t.shop = %(shop)s and not o.is_test and (%(since)s::timestamptz is null or a.happened_at >= %(since)s)
group by 1, 2, 3
order by 1, 2, 3;

-- name: locations
-- Where units left from, came back to, or lie.
select p.name as word, count(*) as records
from shopify.locations as p
inner join (
    select f.shop, f.location_id
    from shopify.fulfillments as f
    where f.location_id is not null and (%(since)s::timestamptz is null or f.created_at >= %(since)s)
    union all
    select l.shop, l.location_id
    from shopify.inventory_levels as l
    where l.is_active and not l._deleted and l.on_hand <> 0
) as used on used.shop = p.shop and used.location_id = p.location_id
where p.shop = %(shop)s
group by p.name
order by p.name;

-- name: balance
-- A payment's own row needs no code unless conversion made something of it.
select b.type as word, count(*) as records
from shopify.balance_transactions as b
left join shopify.order_transactions as t
    on t.shop = b.shop and t.transaction_id = b.order_transaction_id and b.type in ('CHARGE', 'REFUND')
where b.shop = %(shop)s and not b.is_test and not b._deleted and not starts_with(b.type, 'TRANSFER')
    and (%(since)s::timestamptz is null or b.transaction_at >= %(since)s)
    and (t.transaction_id is null or abs(b.amount) <> t.amount_shop)
group by b.type
order by b.type;
