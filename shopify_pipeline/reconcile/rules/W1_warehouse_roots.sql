-- Everything the shop has is in the warehouse, in a version no older than the one counted.
-- source: census_roots against the root tables; key: stream and root id; tolerance: none; lag: yes.

-- name: checked
select count(*) from recon.census_roots where shop = %(shop)s;

-- name: differences
with held as (
    select 'orders' as stream, order_id::text as root_id, updated_at
    from shopify.orders
    where shop = %(shop)s and not _deleted
    union all
    select 'customers', customer_id::text, updated_at
    from shopify.customers
    where shop = %(shop)s and not _deleted
    union all
    select 'products', product_id::text, updated_at
    from shopify.products
    where shop = %(shop)s and not _deleted
    union all
    select 'locations', location_id::text, updated_at
    from shopify.locations
    where shop = %(shop)s and not _deleted
    union all
    select 'inventory_levels', inventory_item_id || '/' || location_id, updated_at
    from shopify.inventory_levels
    where shop = %(shop)s and not _deleted
),

differing as (
    select
        counted.stream,
        counted.root_id,
        counted.updated_at as counted_at,
        held.updated_at as held_at,
        coalesce(counted.updated_at, %(as_of)s - %(lag)s) as since,
        exists (
            select
            from ops.quarantine as q
            where q.shop = counted.shop and q.root_id = counted.root_id and q.stream = counted.stream
                and q.released_at is null
        ) as is_quarantined
    from recon.census_roots as counted
    left join held on held.stream = counted.stream and held.root_id = counted.root_id
    where counted.shop = %(shop)s and (held.root_id is null or held.updated_at < counted.updated_at)
)

select
    stream || '/' || root_id as entity,
    '' as key,
    'missing_warehouse' as class,
    coalesce(counted_at::text, 'present') as expected,
    held_at::text as actual,
    null::numeric as difference,
    null::text as currency,
    since,
    concat(
        stream, ' ', root_id, case when held_at is null then ' is not in the warehouse' else ' is older in the warehouse' end,
        case when is_quarantined then ': it is in quarantine' end
    ) as message
from differing
order by stream, root_id;
