-- What the warehouse says is owed: one statement per table, for a batch of roots.
-- Parts are joined by their order as well as by their own id: the tables are indexed by root.
-- Parameters: shop, ids (root ids), go_live_at (first instant of the books, UTC), locations (names in the value map).

-- name: orders_in_scope
-- An order is in the books when a dated fact of it lies on or after go-live; oldest first.
select o.order_id, o.customer_id, o.company_id
from shopify.orders as o
where o.shop = %(shop)s
    and (%(ids)s::bigint[] is null or o.order_id = any(%(ids)s))
    and not o.is_test
    and not o._deleted
    and (
        exists (
            select
            from shopify.order_agreements as a
            inner join shopify.order_sales as s on s.shop = a.shop and s.order_id = a.order_id and s.agreement_id = a.agreement_id
            where a.shop = o.shop and a.order_id = o.order_id and a.happened_at >= %(go_live_at)s
        )
        or exists (
            select
            from shopify.order_transactions as t
            where t.shop = o.shop and t.order_id = o.order_id
                and t.status = 'SUCCESS' and t.kind in ('SALE', 'CAPTURE', 'REFUND', 'CHANGE')
                and coalesce(t.processed_at, t.created_at) >= %(go_live_at)s
        )
        or exists (
            select
            from shopify.fulfillments as f
            where f.shop = o.shop and f.order_id = o.order_id
                and f.status in ('SUCCESS', 'CANCELLED')
                and (f.created_at >= %(go_live_at)s or (f.status = 'CANCELLED' and f.updated_at >= %(go_live_at)s))
        )
        or exists (
            select
            from shopify.refunds as r
            inner join shopify.refund_lines as l on l.shop = r.shop and l.refund_id = r.refund_id
            where r.shop = o.shop and r.order_id = o.order_id
                and l.restock_type = 'RETURN' and l.location_id is not null
                and coalesce(r.created_at, r.processed_at) >= %(go_live_at)s
        )
        or exists (
            select
            from shopify.reverse_dispositions as d
            where d.shop = o.shop and d.order_id = o.order_id
                and d.disposition_type = 'RESTOCKED' and d.created_at >= %(go_live_at)s
        )
    )
order by o.processed_at, o.order_id;

-- name: orders
-- Net terms count from the order; other terms have a day of their own, which is not read.
select
    order_id, name, customer_id, company_id, source_name, processed_at, currency,
    case when payment_terms_type = 'NET' then payment_due_in_days end as due_in_days
from shopify.orders
where shop = %(shop)s and order_id = any(%(ids)s);

-- name: lines
-- A variant that has left the warehouse is still known when it was pushed before.
select
    l.order_id,
    l.order_line_id,
    concat_ws(' - ', l.title, nullif(l.variant_title, '')) as title,
    l.variant_id,
    l.unfulfilled_quantity,
    l.variant_id is not null and coalesce(i.is_tracked, true) as is_stocked,
    v.variant_id is not null or p.external_id is not null as is_variant_known,
    coalesce(g.product_type, '') as product_type
from shopify.order_lines as l
left join shopify.variants as v on v.shop = l.shop and v.variant_id = l.variant_id
left join shopify.inventory_items as i on i.shop = v.shop and i.inventory_item_id = v.inventory_item_id
left join shopify.products as g on g.shop = l.shop and g.product_id = l.product_id
left join backoffice.pushes as p
    on p.shop = l.shop and p.resource = 'products' and p.external_id = l.variant_id::text and p.outcome <> 'rejected'
where l.shop = %(shop)s and l.order_id = any(%(ids)s)
order by l.order_line_id;

-- name: agreements
select order_id, agreement_id, agreement_type, happened_at, refund_id, return_id
from shopify.order_agreements
where shop = %(shop)s and order_id = any(%(ids)s)
order by happened_at, agreement_id;

-- name: sales
select
    order_id, agreement_id, sale_id, action_type, line_type, quantity, order_line_id,
    total_shop as total, total_presentment as presentment_total, total_tax_presentment as presentment_tax
from shopify.order_sales
where shop = %(shop)s and order_id = any(%(ids)s)
order by sale_id;

-- name: taxes
select
    order_id, sale_id, title, rate, channel_liable as is_channel_liable,
    amount_shop as amount, amount_presentment as presentment_amount
from shopify.order_sale_taxes
where shop = %(shop)s and order_id = any(%(ids)s)
order by sale_tax_id;

-- name: held
-- Adjustments that hold a refund's money back while it is pending.
select order_id, refund_id, amount_presentment as presentment_amount
from shopify.refund_adjustments
where shop = %(shop)s and order_id = any(%(ids)s) and reason = 'PENDING_REFUND_DISCREPANCY'
order by adjustment_id;

-- name: transactions
-- An authorisation and a void move no money.
select
    order_id, transaction_id, kind, coalesce(gateway, '') as gateway, amount_shop as amount,
    coalesce(rounding_shop, 0) as rounding, coalesce(processed_at, created_at) as processed_at
from shopify.order_transactions
where shop = %(shop)s and order_id = any(%(ids)s) and status = 'SUCCESS' and kind in ('SALE', 'CAPTURE', 'REFUND', 'CHANGE')
order by coalesce(processed_at, created_at), transaction_id;

-- name: shipped
-- A fulfilment that was cancelled keeps its units; after that nothing of it changes any more.
select
    f.order_id, f.fulfillment_id as source_id, f.created_at as moved_at, coalesce(f.location_id, 0) as location_id,
    coalesce(p.name, '') as location, l.order_line_id, l.quantity,
    case when f.status = 'CANCELLED' then f.updated_at end as cancelled_at
from shopify.fulfillments as f
inner join shopify.fulfillment_lines as l
    on l.shop = f.shop and l.order_id = f.order_id and l.fulfillment_id = f.fulfillment_id
left join shopify.locations as p on p.shop = f.shop and p.location_id = f.location_id
where f.shop = %(shop)s and f.order_id = any(%(ids)s) and f.status in ('SUCCESS', 'CANCELLED') and l.quantity > 0
order by f.created_at, f.fulfillment_id, l.fulfillment_line_id;

-- name: restocked
-- Units that came back on a shelf. Of a return that Shopify plans the way back for, its dispositions say so, whether it
-- is refunded or not; of any other refund, its lines do. CANCEL puts back units that never left.
select
    r.order_id, r.refund_id as source_id, false as is_disposition, coalesce(r.created_at, r.processed_at) as moved_at,
    l.location_id, coalesce(p.name, '') as location, l.order_line_id, l.quantity
from shopify.refunds as r
inner join shopify.refund_lines as l on l.shop = r.shop and l.order_id = r.order_id and l.refund_id = r.refund_id
left join shopify.locations as p on p.shop = l.shop and p.location_id = l.location_id
where r.shop = %(shop)s and r.order_id = any(%(ids)s)
    and l.restock_type = 'RETURN' and l.location_id is not null and l.quantity > 0
    and not exists (
        select
        from shopify.reverse_fulfillment_orders as way
        inner join shopify.reverse_fulfillment_lines as back
            on back.shop = way.shop and back.order_id = way.order_id
                and back.reverse_fulfillment_order_id = way.reverse_fulfillment_order_id
        where way.shop = r.shop and way.order_id = r.order_id and way.return_id = r.return_id
            and back.order_line_id = l.order_line_id
    )
union all
select
    d.order_id, d.disposition_id, true, d.created_at,
    coalesce(d.location_id, 0), coalesce(p.name, ''), back.order_line_id, d.quantity
from shopify.reverse_dispositions as d
inner join shopify.reverse_fulfillment_lines as back
    on back.shop = d.shop and back.order_id = d.order_id
        and back.reverse_fulfillment_line_id = d.reverse_fulfillment_line_id
left join shopify.locations as p on p.shop = d.shop and p.location_id = d.location_id
where d.shop = %(shop)s and d.order_id = any(%(ids)s)
    and d.disposition_type = 'RESTOCKED' and d.quantity > 0 and back.order_line_id is not null
order by moved_at, is_disposition, source_id, order_line_id;

-- name: refunded
-- Units of a refund that had left: CANCEL is of units that never did.
select order_id, refund_id, order_line_id, sum(quantity)::bigint as quantity
from shopify.refund_lines
where shop = %(shop)s and order_id = any(%(ids)s) and restock_type <> 'CANCEL'
group by order_id, refund_id, order_line_id
order by refund_id, order_line_id;

-- name: parties
-- The oldest address a customer keeps stands for the rest.
select
    c.customer_id, c.display_name, c.email, c.phone,
    concat_ws(', ', a.address1, nullif(a.address2, '')) as street, a.city, a.zip as postal_code, a.country_code as country
from shopify.customers as c
left join lateral (
    select *
    from shopify.customer_addresses as address
    where address.shop = c.shop and address.customer_id = c.customer_id
    order by address.address_id
    limit 1
) as a on true
where c.shop = %(shop)s and c.customer_id = any(%(ids)s) and not c._deleted;

-- name: companies
-- A company has no row of its own: its orders name it.
select distinct on (company_id)
    company_id, company_name as name,
    concat_ws(', ', bill_to_address1, nullif(bill_to_address2, '')) as street,
    bill_to_city as city, bill_to_zip as postal_code, bill_to_country_code as country
from shopify.orders
where shop = %(shop)s and company_id = any(%(ids)s) and not _deleted
order by company_id, processed_at desc, order_id desc;

-- name: products
-- Shopify's SKU may be missing or repeated; sku_uses says how many variants of the shop share it.
select
    v.variant_id, v.display_name as name, coalesce(trim(v.sku), '') as sku, shared.uses as sku_uses,
    v.price as list_price, i.unit_cost, coalesce(i.is_tracked, true) as is_stocked
from shopify.variants as v
left join shopify.inventory_items as i on i.shop = v.shop and i.inventory_item_id = v.inventory_item_id
cross join lateral (
    select count(*) as uses
    from shopify.variants as other
    where other.shop = v.shop and trim(other.sku) = trim(v.sku)
) as shared
where v.shop = %(shop)s and v.variant_id = any(%(ids)s)
order by v.variant_id;

-- name: variants_of_products
select variant_id
from shopify.variants
where shop = %(shop)s and product_id = any(%(ids)s);

-- name: products_of_variants
select distinct product_id
from shopify.variants
where shop = %(shop)s and variant_id = any(%(ids)s)
order by product_id;

-- name: variants_of_items
select variant_id
from shopify.variants
where shop = %(shop)s and inventory_item_id = any(%(ids)s);

-- name: variants_of_orders
select distinct l.variant_id
from shopify.order_lines as l
inner join shopify.variants as v on v.shop = l.shop and v.variant_id = l.variant_id
where l.shop = %(shop)s and l.order_id = any(%(ids)s);

-- name: levels_to_open
-- Levels whose opening count is not in the books yet. What moved since go-live is taken back from today's number,
-- but only what the level already knows of: an order may have been read after its level.
with level as materialized (
    select
        held.inventory_item_id, held.location_id, place.name as location, v.variant_id, held.on_hand, held.updated_at
    from shopify.inventory_levels as held
    inner join shopify.locations as place on place.shop = held.shop and place.location_id = held.location_id
    inner join shopify.inventory_items as i on i.shop = held.shop and i.inventory_item_id = held.inventory_item_id
    inner join shopify.variants as v on v.shop = held.shop and v.inventory_item_id = held.inventory_item_id
    where held.shop = %(shop)s
        and held.is_active and not held._deleted
        and place.is_active and not place._deleted and place.name = any(%(locations)s)
        and i.is_tracked and not i._deleted
        -- A count is booked once: first every order that moved the level has to be known, and none may be withheld.
        and exists (
            select
            from ops.cursors as c
            where c.shop = held.shop and c.stream = 'orders' and c.cursor_at >= held.updated_at
        )
        and not exists (
            select
            from ops.quarantine as q
            where q.shop = held.shop and q.stream = 'orders' and q.released_at is null
        )
        and not exists (
            select
            from backoffice.pushes as p
            where p.shop = held.shop and p.resource = 'stock_counts' and p.outcome <> 'rejected'
                and p.external_id = 'opening/' || held.inventory_item_id || '/' || held.location_id
        )
),

moved as materialized (
    select sold.variant_id, f.location_id, f.created_at as moved_at, l.quantity as units
    from shopify.fulfillments as f
    inner join shopify.orders as o on o.shop = f.shop and o.order_id = f.order_id
    inner join shopify.fulfillment_lines as l
        on l.shop = f.shop and l.order_id = f.order_id and l.fulfillment_id = f.fulfillment_id
    inner join shopify.order_lines as sold on sold.shop = l.shop and sold.order_line_id = l.order_line_id
    where f.shop = %(shop)s and f.status = 'SUCCESS' and f.created_at >= %(go_live_at)s
        and not o.is_test and not o._deleted
        and exists (select from level)
    union all
    -- What left before and was cancelled since came back since.
    select sold.variant_id, f.location_id, f.updated_at, -l.quantity
    from shopify.fulfillments as f
    inner join shopify.orders as o on o.shop = f.shop and o.order_id = f.order_id
    inner join shopify.fulfillment_lines as l
        on l.shop = f.shop and l.order_id = f.order_id and l.fulfillment_id = f.fulfillment_id
    inner join shopify.order_lines as sold on sold.shop = l.shop and sold.order_line_id = l.order_line_id
    where f.shop = %(shop)s and f.status = 'CANCELLED'
        and f.created_at < %(go_live_at)s and f.updated_at >= %(go_live_at)s
        and not o.is_test and not o._deleted
        and exists (select from level)
    union all
    select sold.variant_id, l.location_id, coalesce(r.created_at, r.processed_at), -l.quantity
    from shopify.refunds as r
    inner join shopify.orders as o on o.shop = r.shop and o.order_id = r.order_id
    inner join shopify.refund_lines as l on l.shop = r.shop and l.refund_id = r.refund_id
    inner join shopify.order_lines as sold on sold.shop = l.shop and sold.order_line_id = l.order_line_id
    where r.shop = %(shop)s and l.restock_type = 'RETURN' and coalesce(r.created_at, r.processed_at) >= %(go_live_at)s
        and not o.is_test and not o._deleted
        and exists (select from level)
        and not exists (
            select
            from shopify.reverse_fulfillment_orders as way
            inner join shopify.reverse_fulfillment_lines as back
                on back.shop = way.shop and back.order_id = way.order_id
                    and back.reverse_fulfillment_order_id = way.reverse_fulfillment_order_id
            where way.shop = r.shop and way.order_id = r.order_id and way.return_id = r.return_id
                and back.order_line_id = l.order_line_id
        )
    union all
    select sold.variant_id, d.location_id, d.created_at, -d.quantity
    from shopify.reverse_dispositions as d
    inner join shopify.orders as o on o.shop = d.shop and o.order_id = d.order_id
    inner join shopify.reverse_fulfillment_lines as back
        on back.shop = d.shop and back.order_id = d.order_id
            and back.reverse_fulfillment_line_id = d.reverse_fulfillment_line_id
    inner join shopify.order_lines as sold on sold.shop = back.shop and sold.order_line_id = back.order_line_id
    where d.shop = %(shop)s and d.disposition_type = 'RESTOCKED' and d.created_at >= %(go_live_at)s
        and not o.is_test and not o._deleted
        and exists (select from level)
)

select
    level.inventory_item_id, level.location_id, level.location, level.variant_id,
    level.on_hand + coalesce(sum(m.units), 0)::bigint as quantity
from level
left join moved as m
    on m.variant_id = level.variant_id and m.location_id = level.location_id and m.moved_at <= level.updated_at
group by level.inventory_item_id, level.location_id, level.location, level.variant_id, level.on_hand
order by level.inventory_item_id, level.location_id;
