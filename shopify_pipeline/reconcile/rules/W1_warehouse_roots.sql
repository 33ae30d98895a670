-- Everything the shop has is in the warehouse, in a version no older than the one counted.
-- source: the census's roots against the root tables; key: stream and root. What the warehouse holds in the version that
-- was counted is compared by W2 (money of orders) and W3 (units).

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
)

select
    counted.stream || '/' || counted.root_id as entity,
    '' as key,
    'missing_warehouse' as class,
    coalesce(counted.updated_at::text, 'present') as expected,
    held.updated_at::text as actual,
    null::numeric as difference,
    null::text as currency,
    counted.updated_at as since,
    concat(
        counted.stream, ' ', counted.root_id,
        case when held.root_id is null then ' is not in the warehouse' else ' is older in the warehouse' end
    ) as message
from recon.census_roots as counted
left join held on held.stream = counted.stream and held.root_id = counted.root_id
where counted.shop = %(shop)s and (held.root_id is null or held.updated_at < counted.updated_at)
order by counted.stream, counted.root_id;
