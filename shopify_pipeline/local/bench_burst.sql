-- What the burst benchmark asks the warehouse: how far the orders that were placed have come.

-- name: hints
select count(*) from ops.inbox where shop = %(shop)s and received_at >= %(began)s;

-- name: loaded
select held.order_id, load.merged_at
from shopify.orders as held
inner join ops.loads as load on load.load_id = held._load_id
where held.shop = %(shop)s and held.order_id = any(%(order_ids)s);

-- name: booked
select external_id::bigint, pushed_at
from backoffice.pushes
where shop = %(shop)s and resource = 'orders' and outcome not in ('rejected', 'manual_edit')
    and external_id = any(%(order_ids)s::text[]);
