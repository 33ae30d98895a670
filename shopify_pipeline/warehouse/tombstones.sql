-- name: begin_gone
-- Both vanish with the transaction; one call marks one kind of root.
drop table if exists gone, marked_gone;
create temporary table gone (number bigint not null, item bigint, root_id text not null) on commit drop;
create temporary table marked_gone (root_id text not null) on commit drop;

-- name: copy_gone
copy gone (number, item, root_id) from stdin;

-- name: count_gone
select count(*) from gone;

-- name: begin_present
drop table if exists present, missing;
create temporary table present (number bigint not null, item bigint, root_id text not null) on commit drop;

-- name: copy_present
copy present (number, item, root_id) from stdin;

-- name: count_present
select count(*) from present;

-- name: keep_second
-- Missing now and in a sweep before: gone. What this very sweep wrote down is none.
insert into gone (number, item, root_id)
select missing.number, missing.item, missing.root_id
from missing
inner join ops.missing as before
    on before.shop = %(shop)s and before.stream = %(stream)s and before.root_type = %(root_type)s
    and before.root_id = missing.root_id and before.load_id < %(load_id)s;

-- name: forget_found
delete from ops.missing as before
where before.shop = %(shop)s and before.stream = %(stream)s and before.root_type = %(root_type)s
    and not exists (select from missing where missing.root_id = before.root_id);

-- name: remember_missing
insert into ops.missing (shop, stream, root_type, root_id, load_id)
select %(shop)s, %(stream)s, %(root_type)s, root_id, %(load_id)s
from missing
on conflict (shop, stream, root_type, root_id) do nothing;

-- name: forget_gone
delete from ops.missing as before
using marked_gone
where before.shop = %(shop)s and before.stream = %(stream)s and before.root_type = %(root_type)s
    and before.root_id = marked_gone.root_id;

-- name: dirty
insert into ops.dirty (shop, resource, external_id, seq, marked_at)
select %(shop)s, %(resource)s, root_id, nextval('ops.dirty_seq'), %(observed_at)s
from marked_gone
on conflict (shop, resource, external_id) do update
set seq = excluded.seq, marked_at = excluded.marked_at;

-- name: to_read_again
-- A level goes with its item, and is named by it.
with waiting as (
    select root_type, root_id
    from ops.reread
    where shop = %(shop)s and stream = %(stream)s
    order by root_type, root_id
    limit %(roots_max)s
)
select 'gid://shopify/' || root_type || '/' || root_id
from waiting
union all
select 'gid://shopify/InventoryLevel/' || l.inventory_level_id || '?inventory_item_id=' || l.inventory_item_id
from waiting
inner join shopify.inventory_levels as l
    on l.shop = %(shop)s
    and l.inventory_item_id = case when waiting.root_type = 'InventoryItem' then waiting.root_id::bigint end
where not l._deleted;

-- name: read_again
delete from ops.reread
where shop = %(shop)s and stream = %(stream)s and 'gid://shopify/' || root_type || '/' || root_id = any(%(gids)s);

-- name: gone_with_products_delete_inventory
-- What was stocked of a product goes with it.
select 'gid://shopify/InventoryItem/' || v.inventory_item_id
from shopify.variants as v
inner join shopify.inventory_items as i on i.shop = v.shop and i.inventory_item_id = v.inventory_item_id
where v.shop = %(shop)s and v.product_id = any(%(numbers)s) and not i._deleted
union all
select 'gid://shopify/InventoryLevel/' || l.inventory_level_id || '?inventory_item_id=' || l.inventory_item_id
from shopify.variants as v
inner join shopify.inventory_levels as l on l.shop = v.shop and l.inventory_item_id = v.inventory_item_id
where v.shop = %(shop)s and v.product_id = any(%(numbers)s) and not l._deleted;

-- name: gone_with_orders_delete_fulfillment_orders
select 'gid://shopify/FulfillmentOrder/' || fulfillment_order_id
from shopify.fulfillment_orders
where shop = %(shop)s and order_id = any(%(numbers)s) and not _deleted;

-- name: release
-- What is gone needs no complaint any more.
update ops.quarantine as held
set released_at = %(loaded_at)s
from marked_gone
where held.shop = %(shop)s and held.stream = %(stream)s and held.root_type = %(root_type)s
    and held.root_id = marked_gone.root_id and held.released_at is null;

-- name: keep_marked
drop table if exists vanished_roots;
create temporary table vanished_roots on commit drop as
select gone.number
from gone
inner join marked_gone on gone.root_id = marked_gone.root_id;
