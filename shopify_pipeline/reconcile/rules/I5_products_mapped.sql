-- Every tracked variant is one product of the back office, and no two share a SKU.
-- source: the census's variants against the snapshot's products; the SKUs of the census alone. key: variant or SKU; tolerance: none;
-- lag: yes, counted from the product's stamp. Which product an order's line has is rule O10's.

-- name: checked
select count(*) from recon.census_variants where shop = %(shop)s and is_tracked;

-- name: differences
with missing as (
    select v.variant_id, v.sku, root.updated_at
    from recon.census_variants as v
    left join recon.census_roots as root
        on root.shop = v.shop and root.stream = 'products' and root.root_id = v.product_id::text
    where v.shop = %(shop)s and v.is_tracked and not exists (
        select from backoffice.products as p where p.shop = v.shop and p.external_id = v.variant_id::text
    )
),

shared as (
    select trim(sku) as sku, count(*) as variants
    from recon.census_variants
    where shop = %(shop)s and trim(sku) <> ''
    group by trim(sku)
    having count(*) > 1 and bool_or(is_tracked)
)

select
    'variants/' || variant_id as entity,
    '' as key,
    'missing_backoffice' as class,
    coalesce(nullif(sku, ''), variant_id::text) as expected,
    null::text as actual,
    null::numeric as difference,
    null::text as currency,
    updated_at as since,
    concat('variant ', coalesce(nullif(sku, ''), variant_id::text), ' is no product of the back office') as message
from missing
union all
select
    'skus/' || sku, '', 'attention', '1', variants::text, null, null, null,
    concat('SKU ', sku, ' is the SKU of ', variants, ' variants')
from shared
order by entity;
