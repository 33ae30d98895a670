"""A census that says what the warehouse says, in the sums Shopify derives (identities I3 and I4 of its ledger).

Statements with the parameters ``shop`` and ``as_of``, to run in order.
"""

from __future__ import annotations

CENSUS = (
    "delete from recon.census_roots where shop = %(shop)s",
    "delete from recon.census_orders where shop = %(shop)s",
    "delete from recon.census_sales where shop = %(shop)s",
    "delete from recon.census_transactions where shop = %(shop)s",
    "delete from recon.census_levels where shop = %(shop)s",
    "delete from recon.censuses where shop = %(shop)s",
    "insert into recon.censuses values (%(shop)s, %(as_of)s, %(as_of)s)",
    """insert into recon.census_roots
    select shop, 'orders', order_id::text, updated_at from shopify.orders
    union all select shop, 'products', product_id::text, updated_at from shopify.products
    union all select shop, 'locations', location_id::text, null from shopify.locations
    union all select shop, 'inventory_levels', inventory_item_id || '/' || location_id, updated_at
    from shopify.inventory_levels""",
    """insert into recon.census_orders
    select
        o.shop, o.order_id, o.name, o.created_at, o.processed_at, o.updated_at, o.cancelled_at, o.is_test, o.currency,
        o.presentment_currency,
        coalesce(sum(s.total_shop) filter (where s.line_type <> 'ADJUSTMENT'), 0),
        coalesce(sum(s.total_tax_shop), 0),
        coalesce(sum(s.total_presentment) filter (where s.line_type <> 'ADJUSTMENT'), 0),
        coalesce(sum(s.total_tax_presentment), 0), 0, 0
    from shopify.orders as o left join shopify.order_sales as s using (shop, order_id)
    group by o.shop, o.order_id""",
    """insert into recon.census_sales
    select
        s.shop, s.order_id, a.agreement_id, a.agreement_type, a.happened_at, s.sale_id, s.action_type, s.line_type,
        s.quantity, s.total_shop, coalesce(t.tax, 0), coalesce(t.channel_tax, 0), s.total_presentment,
        s.total_tax_presentment
    from shopify.order_sales as s
    left join (
        select shop, sale_id, sum(amount_shop) as tax, sum(amount_shop) filter (where channel_liable) as channel_tax
        from shopify.order_sale_taxes
        group by shop, sale_id
    ) as t using (shop, sale_id)
    inner join shopify.order_agreements as a using (shop, agreement_id)""",
    """insert into recon.census_transactions
    select shop, order_id, transaction_id, kind, status, gateway, amount_shop, amount_presentment,
        coalesce(rounding_shop, 0), coalesce(processed_at, created_at)
    from shopify.order_transactions""",
    """insert into recon.census_levels
    select shop, inventory_item_id, location_id, on_hand, available, updated_at
    from shopify.inventory_levels""",
)
