-- What the warehouse says is owed: one statement per table, for a batch of roots.
-- Parts are joined by their order as well as by their own id: the tables are indexed by root.
-- Parameters: shop, ids (root ids), go_live_at (first instant of the books, UTC), locations (names in the value map).

-- name: orders_in_scope
-- An order is in the books when a dated fact of it lies on or after go-live; oldest first.
select o.order_id, o.customer_id
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
                and t.status = 'SUCCESS' and t.kind in ('SALE', 'CAPTURE', 'REFUND')
                and coalesce(t.processed_at, t.created_at) >= %(go_live_at)s
        )
        or exists (
            select
            from shopify.fulfillments as f
            where f.shop = o.shop and f.order_id = o.order_id
                and f.status = 'SUCCESS' and f.created_at >= %(go_live_at)s
        )
        or exists (
            select
            from shopify.refunds as r
            inner join shopify.refund_lines as l on l.shop = r.shop and l.refund_id = r.refund_id
            where r.shop = o.shop and r.order_id = o.order_id
                and l.restock_type = 'RETURN' and l.location_id is not null
                and coalesce(r.created_at, r.processed_at) >= %(go_live_at)s
        )
    )
order by o.processed_at, o.order_id;

-- name: orders
select order_id, name, customer_id, processed_at, currency
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
    v.variant_id is not null or p.external_id is not null as is_variant_known
from shopify.order_lines as l
left join shopify.variants as v on v.shop = l.shop and v.variant_id = l.variant_id
left join shopify.inventory_items as i on i.shop = v.shop and i.inventory_item_id = v.inventory_item_id
left join backoffice.pushes as p
    on p.shop = l.shop and p.resource = 'products' and p.external_id = l.variant_id::text and p.outcome <> 'rejected'
where l.shop = %(shop)s and l.order_id = any(%(ids)s)
order by l.order_line_id;

-- name: agreements
select order_id, agreement_id, agreement_type, happened_at, refund_id
from shopify.order_agreements
where shop = %(shop)s and order_id = any(%(ids)s)
order by happened_at, agreement_id;

-- name: sales
select
    order_id, agreement_id, sale_id, action_type, line_type, quantity, order_line_id, total_shop as total, total_tax_shop as tax
from shopify.order_sales
where shop = %(shop)s and order_id = any(%(ids)s)
order by sale_id;

-- name: taxes
select order_id, sale_id, title, rate, coalesce(channel_liable, false) as is_channel_liable, amount_shop as amount
from shopify.order_sale_taxes
where shop = %(shop)s and order_id = any(%(ids)s)
order by sale_tax_id;

-- name: held
-- Adjustments that hold a refund's money back while it is pending.
select order_id, refund_id, amount_shop as amount
from shopify.refund_adjustments
where shop = %(shop)s and order_id = any(%(ids)s) and reason = 'PENDING_REFUND_DISCREPANCY'
order by adjustment_id;

-- name: transactions
select
    order_id, transaction_id, kind, coalesce(gateway, '') as gateway, amount_shop as amount,
    coalesce(processed_at, created_at) as processed_at
from shopify.order_transactions
where shop = %(shop)s and order_id = any(%(ids)s) and status = 'SUCCESS' and kind in ('SALE', 'CAPTURE', 'REFUND')
order by coalesce(processed_at, created_at), transaction_id;

-- name: shipped
select
    f.order_id, f.fulfillment_id as source_id, f.created_at as moved_at, coalesce(f.location_id, 0) as location_id,
    coalesce(p.name, '') as location, l.order_line_id, l.quantity
from shopify.fulfillments as f
inner join shopify.fulfillment_lines as l
    on l.shop = f.shop and l.order_id = f.order_id and l.fulfillment_id = f.fulfillment_id
left join shopify.locations as p on p.shop = f.shop and p.location_id = f.location_id
where f.shop = %(shop)s and f.order_id = any(%(ids)s) and f.status = 'SUCCESS' and l.quantity > 0
order by f.created_at, f.fulfillment_id, l.fulfillment_line_id;

-- name: restocked
-- CANCEL puts back units that never left; only RETURN brings units to a shelf.
select
    r.order_id, r.refund_id as source_id, coalesce(r.created_at, r.processed_at) as moved_at, l.location_id,
    coalesce(p.name, '') as location, l.order_line_id, l.quantity
from shopify.refunds as r
inner join shopify.refund_lines as l on l.shop = r.shop and l.refund_id = r.refund_id
left join shopify.locations as p on p.shop = l.shop and p.location_id = l.location_id
where r.shop = %(shop)s and r.order_id = any(%(ids)s)
    and l.restock_type = 'RETURN' and l.location_id is not null and l.quantity > 0
order by moved_at, r.refund_id, l.position;

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
    select sold.variant_id, l.location_id, coalesce(r.created_at, r.processed_at), -l.quantity
    from shopify.refunds as r
    inner join shopify.orders as o on o.shop = r.shop and o.order_id = r.order_id
    inner join shopify.refund_lines as l on l.shop = r.shop and l.refund_id = r.refund_id
    inner join shopify.order_lines as sold on sold.shop = l.shop and sold.order_line_id = l.order_line_id
    where r.shop = %(shop)s and l.restock_type = 'RETURN' and coalesce(r.created_at, r.processed_at) >= %(go_live_at)s
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
