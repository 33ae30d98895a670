-- Stock the shop counts otherwise than the back office, and what became of each such count.
-- Parameters: shop, locations and codes (the value map's, place by place), today (the shop's day), settled_before (what
-- moved later may still be on its way), account, now, who, external_ids.

-- name: found
-- A difference is a count only when nothing that moves the item is pending, and both sides were read after it last moved.
with place as (
    select p.location_id, m.code
    from shopify.locations as p
    inner join unnest(%(locations)s::text[], %(codes)s::text[]) as m (name, code) on m.name = p.name
    where p.shop = %(shop)s and p.is_active and not p._deleted
),

level as (
    select
        v.variant_id, held.inventory_item_id, place.code, sum(held.on_hand) as on_hand, max(held.updated_at) as moved_at,
        bool_and(
            exists (
                select
                from backoffice.pushes as opened
                where opened.shop = held.shop and opened.resource = 'stock_counts'
                    and opened.external_id = 'opening/' || held.inventory_item_id || '/' || held.location_id
                    and opened.outcome not in ('rejected', 'manual_edit')
            )
        ) as is_opened
    from shopify.inventory_levels as held
    inner join place on place.location_id = held.location_id
    inner join shopify.inventory_items as i on i.shop = held.shop and i.inventory_item_id = held.inventory_item_id
    inner join shopify.variants as v on v.shop = held.shop and v.inventory_item_id = held.inventory_item_id
    where held.shop = %(shop)s and held.is_active and not held._deleted and i.is_tracked and not i._deleted
    group by v.variant_id, held.inventory_item_id, place.code
),

differing as (
    select level.*, coalesce(s.quantity, 0)::bigint as booked
    from level
    left join backoffice.stock as s
        on s.shop = %(shop)s and s.product = level.variant_id::text and s.location = level.code
    where level.on_hand <> coalesce(s.quantity, 0)
),

sold as (
    select
        l.variant_id, max(o.updated_at) as moved_at, bool_or(d.external_id is not null) as is_dirty,
        bool_or(p.outcome in ('rejected', 'manual_edit')) as is_refused, max(p.pushed_at) as pushed_at
    from shopify.order_lines as l
    inner join shopify.orders as o on o.shop = l.shop and o.order_id = l.order_id
    left join ops.dirty as d on d.shop = o.shop and d.resource = 'orders' and d.external_id = o.order_id::text
    left join backoffice.pushes as p on p.shop = o.shop and p.resource = 'orders' and p.external_id = o.order_id::text
    where l.shop = %(shop)s and l.variant_id in (select differing.variant_id from differing)
    group by l.variant_id
),

read as (
    select
        (select c.cursor_at from ops.cursors as c where c.shop = %(shop)s and c.stream = 'orders') as orders_at,
        (select c.cursor_at from ops.cursors as c where c.shop = %(shop)s and c.stream = 'inventory') as levels_at,
        (select s.as_of from backoffice.snapshots as s where s.shop = %(shop)s) as books_at,
        (
            select max(p.pushed_at)
            from backoffice.pushes as p
            where p.shop = %(shop)s and p.resource = 'stock_counts'
        ) as counted_at,
        exists (
            select
            from ops.quarantine as q
            where q.shop = %(shop)s and q.stream in ('orders', 'inventory') and q.released_at is null
        ) as is_withheld
)

select
    differing.inventory_item_id, differing.variant_id::text as product, differing.code as location,
    differing.on_hand::bigint as shop_quantity, differing.booked as backoffice_quantity,
    case
        when read.is_withheld then 'an order or a level is in quarantine'
        when not differing.is_opened then 'its opening count is not booked'
        when sold.is_dirty then 'an order of it is not pushed'
        when sold.is_refused then 'an order of it was not taken'
        when greatest(differing.moved_at, sold.moved_at) > %(settled_before)s then 'it moved a while ago only'
        when read.orders_at is null or read.orders_at < differing.moved_at then 'orders were not read since it moved'
        when read.levels_at is null or read.levels_at < coalesce(sold.moved_at, differing.moved_at)
            then 'levels were not read since it moved'
        when read.books_at is null or read.books_at < greatest(sold.pushed_at, read.counted_at)
            then 'the back office was not read since the last push'
        when exists (
            select
            from backoffice.count_proposals as counted
            where counted.shop = %(shop)s and counted.status = 'applied' and counted.counted_on = %(today)s
                and counted.inventory_item_id = differing.inventory_item_id and counted.location = differing.code
        ) then 'it was counted today already'
    end as pending
from differing
cross join read
left join sold on sold.variant_id = differing.variant_id
order by differing.variant_id, differing.code;

-- name: propose
-- One that was withdrawn, or not taken, is proposed again; what was applied stays.
insert into backoffice.count_proposals (
    shop, external_id, inventory_item_id, product, location, counted_on, shop_quantity, backoffice_quantity, account,
    status, proposed_at
)
values (
    %(shop)s, %(external_id)s, %(inventory_item_id)s, %(product)s, %(location)s, %(today)s, %(shop_quantity)s,
    %(backoffice_quantity)s, %(account)s, 'proposed', %(now)s
)
on conflict (shop, external_id) do update
set shop_quantity = excluded.shop_quantity,
    backoffice_quantity = excluded.backoffice_quantity,
    account = excluded.account,
    status = 'proposed',
    proposed_at = excluded.proposed_at,
    decided_at = null,
    decided_by = null,
    reason = null
where count_proposals.status <> 'applied';

-- name: withdraw
-- Proposals that no longer hold, or hold with another day's name.
update backoffice.count_proposals
set status = 'withdrawn', decided_at = %(now)s, reason = 'it no longer holds'
where shop = %(shop)s and status = 'proposed' and not (external_id = any(%(external_ids)s));

-- name: proposed
select external_id, product, location, shop_quantity, backoffice_quantity, counted_on, account
from backoffice.count_proposals
where shop = %(shop)s and status = 'proposed'
order by external_id;

-- name: decide
update backoffice.count_proposals as c
set status = case when p.outcome in ('rejected', 'manual_edit') then c.status else 'applied' end,
    decided_at = case when p.outcome in ('rejected', 'manual_edit') then null else %(now)s end,
    decided_by = case when p.outcome in ('rejected', 'manual_edit') then null else %(who)s end,
    reason = p.reason
from backoffice.pushes as p
where c.shop = %(shop)s and c.external_id = any(%(external_ids)s) and c.status = 'proposed'
    and p.shop = c.shop and p.resource = 'stock_counts' and p.external_id = c.external_id;
