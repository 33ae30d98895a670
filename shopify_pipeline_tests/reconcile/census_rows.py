"""A census that says what the warehouse says, in the sums Shopify derives (identities I1 to I10 of its ledger).

Statements with the parameters ``shop`` and ``as_of``, to run in order. What they do not name a column for is no part
of the tests' shop.
"""

from __future__ import annotations

_TABLES = (
    "roots",
    "orders",
    "lines",
    "sales",
    "sale_taxes",
    "transactions",
    "refunds",
    "fulfillments",
    "fulfillment_lines",
    "restocks",
    "variants",
    "locations",
    "levels",
    "gift_cards",
    "store_credit",
    "balance",
    "payouts",
    "disputes",
    "funds",
)

_ROOTS = """
insert into recon.census_roots (shop, stream, root_id, updated_at)
select shop, 'orders', order_id::text, updated_at from shopify.orders where shop = %(shop)s
union all select shop, 'customers', customer_id::text, updated_at from shopify.customers where shop = %(shop)s
union all select shop, 'products', product_id::text, updated_at from shopify.products where shop = %(shop)s
union all select shop, 'locations', location_id::text, null from shopify.locations where shop = %(shop)s
union all
select shop, 'inventory_levels', inventory_item_id || '/' || location_id, updated_at
from shopify.inventory_levels
where shop = %(shop)s
"""

_ORDERS = """
insert into recon.census_orders (
    shop, order_id, name, created_at, processed_at, updated_at, cancelled_at, is_test, taxes_included, source_name,
    customer_id, company_id, financial_status, fulfillment_status, currency, presentment_currency,
    original_total, total, current_total, current_tax, current_shipping, current_discounts,
    total_received, total_refunded, total_outstanding,
    presentment_original_total, presentment_total, presentment_current_total, presentment_current_tax,
    presentment_current_shipping, presentment_current_discounts,
    presentment_total_received, presentment_total_refunded, presentment_total_outstanding
)
with sold as (
    select
        s.order_id,
        sum(s.total_shop) filter (where a.agreement_type = 'OrderAgreement') as original,
        sum(s.total_presentment) filter (where a.agreement_type = 'OrderAgreement') as presentment_original,
        sum(s.total_shop) filter (where s.action_type in ('ORDER', 'UPDATE')) as total,
        sum(s.total_presentment) filter (where s.action_type in ('ORDER', 'UPDATE')) as presentment_total,
        sum(s.total_shop) filter (where s.line_type <> 'ADJUSTMENT') as now,
        sum(s.total_presentment) filter (where s.line_type <> 'ADJUSTMENT') as presentment_now,
        sum(s.total_shop) as everything,
        sum(s.total_presentment) as presentment_everything,
        sum(s.total_tax_shop) as tax,
        sum(s.total_tax_presentment) as presentment_tax,
        sum(s.total_shop - s.total_tax_shop) filter (where s.line_type = 'SHIPPING') as shipping,
        sum(s.total_presentment - s.total_tax_presentment) filter (where s.line_type = 'SHIPPING')
            as presentment_shipping,
        sum(s.discount_before_tax_shop) as discount,
        sum(s.discount_before_tax_presentment) as presentment_discount
    from shopify.order_sales as s
    inner join shopify.order_agreements as a on a.shop = s.shop and a.agreement_id = s.agreement_id
    where s.shop = %(shop)s
    group by s.order_id
),

moved as (
    select
        order_id,
        sum(case when kind = 'CHANGE' then -amount_shop else amount_shop end)
            filter (where kind in ('SALE', 'CAPTURE', 'CHANGE')) as received,
        sum(case when kind = 'CHANGE' then -amount_presentment else amount_presentment end)
            filter (where kind in ('SALE', 'CAPTURE', 'CHANGE')) as presentment_received,
        sum(amount_shop) filter (where kind = 'REFUND') as refunded,
        sum(amount_presentment) filter (where kind = 'REFUND') as presentment_refunded
    from shopify.order_transactions
    where shop = %(shop)s and status = 'SUCCESS'
    group by order_id
)

select
    o.shop, o.order_id, o.name, o.created_at, o.processed_at, o.updated_at, o.cancelled_at, o.is_test, o.taxes_included,
    o.source_name, o.customer_id, o.company_id, o.financial_status,
    case
        when not exists (
            select from shopify.fulfillments as f
            where f.shop = o.shop and f.order_id = o.order_id and f.status = 'SUCCESS'
        ) then 'UNFULFILLED'
        when exists (
            select from shopify.order_lines as l
            where l.shop = o.shop and l.order_id = o.order_id and l.unfulfilled_quantity > 0
        ) then 'PARTIALLY_FULFILLED'
        else 'FULFILLED'
    end,
    o.currency, o.presentment_currency,
    coalesce(s.original, 0), coalesce(s.total, 0), coalesce(s.now, 0), coalesce(s.tax, 0), coalesce(s.shipping, 0),
    coalesce(s.discount, 0), coalesce(m.received, 0), coalesce(m.refunded, 0),
    coalesce(s.everything, 0) - coalesce(m.received, 0) + coalesce(m.refunded, 0),
    coalesce(s.presentment_original, 0), coalesce(s.presentment_total, 0), coalesce(s.presentment_now, 0),
    coalesce(s.presentment_tax, 0), coalesce(s.presentment_shipping, 0), coalesce(s.presentment_discount, 0),
    coalesce(m.presentment_received, 0), coalesce(m.presentment_refunded, 0),
    coalesce(s.presentment_everything, 0) - coalesce(m.presentment_received, 0) + coalesce(m.presentment_refunded, 0)
from shopify.orders as o
left join sold as s on s.order_id = o.order_id
left join moved as m on m.order_id = o.order_id
where o.shop = %(shop)s
"""

_LINES = """
insert into recon.census_lines (
    shop, order_id, order_line_id, variant_id, product_type, is_gift_card, requires_shipping, quantity,
    current_quantity, unfulfilled_quantity
)
select
    l.shop, l.order_id, l.order_line_id, l.variant_id, p.product_type, l.is_gift_card, l.requires_shipping, l.quantity,
    l.current_quantity, l.unfulfilled_quantity
from shopify.order_lines as l
left join shopify.products as p on p.shop = l.shop and p.product_id = l.product_id
where l.shop = %(shop)s
"""

_SALES = """
insert into recon.census_sales (
    shop, order_id, agreement_id, agreement_type, happened_at, refund_id, sale_id, action_type, line_type,
    order_line_id, quantity, total, tax, channel_tax, discount, presentment_total, presentment_tax,
    presentment_discount, presentment_discount_with_tax
)
select
    s.shop, s.order_id, a.agreement_id, a.agreement_type, a.happened_at, a.refund_id, s.sale_id, s.action_type,
    s.line_type, s.order_line_id, s.quantity, s.total_shop, coalesce(t.tax, 0), coalesce(t.channel_tax, 0),
    s.discount_before_tax_shop, s.total_presentment, s.total_tax_presentment, s.discount_before_tax_presentment,
    s.discount_after_tax_presentment
from shopify.order_sales as s
left join (
    select shop, sale_id, sum(amount_shop) as tax, sum(amount_shop) filter (where channel_liable) as channel_tax
    from shopify.order_sale_taxes
    group by shop, sale_id
) as t using (shop, sale_id)
inner join shopify.order_agreements as a on a.shop = s.shop and a.agreement_id = s.agreement_id
where s.shop = %(shop)s
"""

_SALE_TAXES = """
insert into recon.census_sale_taxes (
    shop, order_id, sale_id, position, title, rate, channel_liable, amount
)
select
    shop, order_id, sale_id, row_number() over (partition by shop, sale_id order by sale_tax_id) - 1, title, rate,
    channel_liable, amount_shop
from shopify.order_sale_taxes
where shop = %(shop)s
"""

_TRANSACTIONS = """
insert into recon.census_transactions (
    shop, order_id, transaction_id, parent_id, kind, status, gateway, amount, presentment_amount, rounding, processed_at
)
select
    shop, order_id, transaction_id, parent_transaction_id, kind, status, gateway, amount_shop, amount_presentment,
    coalesce(rounding_shop, 0), coalesce(processed_at, created_at)
from shopify.order_transactions
where shop = %(shop)s
"""

_REFUNDS = """
insert into recon.census_refunds (shop, refund_id, order_id, created_at, total_refunded)
select shop, refund_id, order_id, coalesce(created_at, processed_at), total_refunded_shop
from shopify.refunds
where shop = %(shop)s
"""

_FULFILLMENTS = """
insert into recon.census_fulfillments (shop, fulfillment_id, order_id, status, created_at, updated_at, location_id)
select shop, fulfillment_id, order_id, status, created_at, updated_at, location_id
from shopify.fulfillments
where shop = %(shop)s
"""

_FULFILLMENT_LINES = """
insert into recon.census_fulfillment_lines (shop, fulfillment_id, order_id, order_line_id, quantity)
select shop, fulfillment_id, order_id, order_line_id, sum(quantity)
from shopify.fulfillment_lines
where shop = %(shop)s
group by shop, fulfillment_id, order_id, order_line_id
"""

_RESTOCKS = """
insert into recon.census_restocks (
    shop, order_id, source, source_id, order_line_id, location_id, quantity, restocked_at
)
select
    l.shop, l.order_id, 'refund', l.refund_id, l.order_line_id, l.location_id, sum(l.quantity),
    coalesce(r.created_at, r.processed_at)
from shopify.refund_lines as l
inner join shopify.refunds as r on r.shop = l.shop and r.refund_id = l.refund_id
where l.shop = %(shop)s and l.restock_type = 'RETURN' and l.location_id is not null
    and not exists (
        select
        from shopify.reverse_fulfillment_orders as way
        inner join shopify.reverse_fulfillment_lines as back
            on back.shop = way.shop and back.reverse_fulfillment_order_id = way.reverse_fulfillment_order_id
        where way.shop = r.shop and way.return_id = r.return_id and back.order_line_id = l.order_line_id
    )
group by l.shop, l.order_id, l.refund_id, l.order_line_id, l.location_id, coalesce(r.created_at, r.processed_at)
union all
select
    d.shop, d.order_id, 'disposition', d.disposition_id, back.order_line_id, coalesce(d.location_id, 0), d.quantity,
    d.created_at
from shopify.reverse_dispositions as d
inner join shopify.reverse_fulfillment_lines as back
    on back.shop = d.shop and back.reverse_fulfillment_line_id = d.reverse_fulfillment_line_id
where d.shop = %(shop)s and d.disposition_type = 'RESTOCKED' and back.order_line_id is not null
"""

_VARIANTS = """
insert into recon.census_variants (shop, variant_id, product_id, inventory_item_id, sku, is_tracked)
select v.shop, v.variant_id, v.product_id, v.inventory_item_id, v.sku, i.is_tracked
from shopify.variants as v
inner join shopify.inventory_items as i on i.shop = v.shop and i.inventory_item_id = v.inventory_item_id
where v.shop = %(shop)s
"""

_LOCATIONS = """
insert into recon.census_locations (shop, location_id, name, is_active)
select shop, location_id, name, is_active from shopify.locations where shop = %(shop)s
"""

_LEVELS = """
insert into recon.census_levels (
    shop, inventory_item_id, location_id, on_hand, available, committed, reserved, damaged, quality_control,
    safety_stock, updated_at
)
select
    shop, inventory_item_id, location_id, on_hand, available, coalesce(committed, 0), coalesce(reserved, 0),
    coalesce(damaged, 0), coalesce(quality_control, 0), coalesce(safety_stock, 0), updated_at
from shopify.inventory_levels
where shop = %(shop)s
"""

_GIFT_CARDS = """
insert into recon.census_gift_cards (
    shop, gift_card_id, order_line_id, currency, initial_value, balance, created_at, expires_on, deactivated_at,
    updated_at
)
select
    shop, gift_card_id, order_line_id, balance_currency, initial_value, balance, created_at, expires_on, deactivated_at,
    updated_at
from shopify.gift_cards
where shop = %(shop)s
"""

_STORE_CREDIT = """
insert into recon.census_store_credit (shop, store_credit_account_id, currency, balance, moved_at)
select
    a.shop, a.store_credit_account_id, a.currency, a.balance,
    (
        select max(t.created_at)
        from shopify.store_credit_transactions as t
        where t.shop = a.shop and t.store_credit_account_id = a.store_credit_account_id
    )
from shopify.store_credit_accounts as a
where a.shop = %(shop)s
"""

_BALANCE = """
insert into recon.census_balance (
    shop, balance_transaction_id, type, is_test, transaction_at, currency, amount, fee, net, payout_id, order_id,
    order_transaction_id, source_type, source_id
)
select
    shop, balance_transaction_id, type, is_test, transaction_at, currency, amount, fee, net, payout_id, order_id,
    order_transaction_id, source_type, source_id
from shopify.balance_transactions
where shop = %(shop)s
"""

_PAYOUTS = """
insert into recon.census_payouts (shop, payout_id, status, direction, issued_at, currency, net)
select shop, payout_id, status, direction, issued_at, currency, net from shopify.payouts where shop = %(shop)s
"""

_DISPUTES = """
insert into recon.census_disputes (
    shop, dispute_id, order_id, type, status, currency, amount, initiated_at, finalized_on
)
select shop, dispute_id, order_id, type, status, currency, amount, initiated_at, finalized_on
from shopify.disputes
where shop = %(shop)s
"""

#: What is still held: everything that moved the balance, transfers to the bank among it.
_FUNDS = """
insert into recon.census_funds (shop, currency, balance)
select shop, currency, sum(net)
from shopify.balance_transactions
where shop = %(shop)s and not is_test
group by shop, currency
"""

#: The orders of the warehouse tell the same sums of themselves.
_TOLD = """
update shopify.orders as o
set original_total_price_shop = c.original_total,
    original_total_price_presentment = c.presentment_original_total,
    total_price_shop = c.total,
    total_price_presentment = c.presentment_total,
    current_total_price_shop = c.current_total,
    current_total_price_presentment = c.presentment_current_total,
    current_total_tax_shop = c.current_tax,
    current_total_tax_presentment = c.presentment_current_tax,
    current_shipping_price_shop = c.current_shipping,
    current_shipping_price_presentment = c.presentment_current_shipping,
    current_total_discounts_shop = c.current_discounts,
    current_total_discounts_presentment = c.presentment_current_discounts,
    total_received_shop = c.total_received,
    total_received_presentment = c.presentment_total_received,
    total_refunded_shop = c.total_refunded,
    total_refunded_presentment = c.presentment_total_refunded,
    total_outstanding_shop = c.total_outstanding,
    total_outstanding_presentment = c.presentment_total_outstanding
from recon.census_orders as c
where c.shop = o.shop and c.order_id = o.order_id and o.shop = %(shop)s
"""

CENSUS = (
    *(f"delete from recon.census_{table} where shop = %(shop)s" for table in _TABLES),
    "delete from recon.censuses where shop = %(shop)s",
    "insert into recon.censuses (shop, as_of, taken_at) values (%(shop)s, %(as_of)s, %(as_of)s)",
    _ROOTS,
    _ORDERS,
    _TOLD,
    _LINES,
    _SALES,
    _SALE_TAXES,
    _TRANSACTIONS,
    _REFUNDS,
    _FULFILLMENTS,
    _FULFILLMENT_LINES,
    _RESTOCKS,
    _VARIANTS,
    _LOCATIONS,
    _LEVELS,
    _GIFT_CARDS,
    _STORE_CREDIT,
    _BALANCE,
    _PAYOUTS,
    _DISPUTES,
    _FUNDS,
)
