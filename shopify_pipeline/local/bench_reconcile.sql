-- Readings of a shop and its books that agree: every order with two lines, shipping, taxes, a payment, and most with a
-- fulfilment; each tenth was refunded in part. Parameters: shop, orders, as_of, zone.

-- name: placed
-- What every order is made of; a table of this session only.
create temporary table placed as
select
    i,
    1000000000 + i as order_id,
    %(as_of)s::timestamptz - interval '367 days' + i * (interval '360 days' / %(orders)s) as placed_at,
    1 + i %% greatest(%(orders)s / 4, 1) as customer_id,
    case when i %% 4 = 0 then 'paypal' else 'shopify_payments' end as gateway,
    1 + i %% 3 as quantity,
    (1 + i %% 3) * (10 + i %% 40)::numeric as first_net,
    (25 + i %% 7)::numeric as second_net,
    round((1 + i %% 3) * (10 + i %% 40) * 0.04, 2) as first_tax,
    round((25 + i %% 7) * 0.04, 2) as second_tax,
    1 + i %% 1000 as first_variant,
    1 + (i * 7 + 3) %% 1000 as second_variant,
    i %% 10 = 0 as is_refunded,
    i %% 20 <> 1 as is_shipped,
    case when i %% 2 = 0 then 71 else 72 end as location_id
from generate_series(1, %(orders)s) as i;

-- name: sold
-- Every sale; k tells the sales of an order apart.
create temporary table sold as
select
    p.order_id, p.i, 10 * p.i + s.k as sale_id, 2 * p.i + s.refund as agreement_id, s.refund = 1 as is_refund, s.k,
    case when s.refund = 1 then p.placed_at + interval '5 days' else p.placed_at end as happened_at,
    case when s.k = 3 then 'SHIPPING' else 'PRODUCT' end as line_type,
    case s.k when 1 then 10 * p.i + 1 when 3 then null else 10 * p.i + 2 end as order_line_id,
    case s.k when 1 then p.quantity when 2 then 1 when 4 then -1 end as quantity,
    case s.k when 1 then p.first_net when 2 then p.second_net when 3 then 5 else -p.second_net end as net,
    case s.k when 1 then p.first_tax when 2 then p.second_tax when 3 then 0.20 else -p.second_tax end as tax
from placed as p
cross join (values (1, 0), (2, 0), (3, 0), (4, 1)) as s (k, refund)
where s.refund = 0 or p.is_refunded;

-- name: paid
create temporary table paid as
select p.order_id, 10 * p.i + 1 as transaction_id, 'SALE' as kind, p.gateway, sum(s.net + s.tax) as amount, p.placed_at as at
from placed as p
inner join sold as s on s.order_id = p.order_id and not s.is_refund
group by p.order_id, p.i, p.gateway, p.placed_at
union all
select p.order_id, 10 * p.i + 2, 'REFUND', p.gateway, p.second_net + p.second_tax, p.placed_at + interval '5 days'
from placed as p
where p.is_refunded;

-- name: analyze
analyze placed, sold, paid;

-- name: census
insert into recon.censuses (shop, as_of, taken_at) values (%(shop)s, %(as_of)s, %(as_of)s);

-- name: census_locations
insert into recon.census_locations (shop, location_id, name, is_active)
values (%(shop)s, 71, 'Brooklyn Warehouse', true), (%(shop)s, 72, 'Oakland Warehouse', true);

-- name: census_variants
insert into recon.census_variants (shop, variant_id, product_id, inventory_item_id, sku, is_tracked)
select %(shop)s, v, v, v, 'SKU-' || v, true
from generate_series(1, 1000) as v;

-- name: census_orders
insert into recon.census_orders (
    shop, order_id, name, created_at, processed_at, updated_at, is_test, taxes_included, source_name, customer_id,
    financial_status, fulfillment_status, currency, presentment_currency, original_total, total, current_total, current_tax, current_shipping,
    current_discounts, total_received, total_refunded, total_outstanding, presentment_original_total, presentment_total,
    presentment_current_total, presentment_current_tax, presentment_current_shipping, presentment_current_discounts,
    presentment_total_received, presentment_total_refunded, presentment_total_outstanding
)
select
    %(shop)s, p.order_id, '#' || p.i, p.placed_at, p.placed_at, p.placed_at + interval '6 days', false, false, 'web', p.customer_id,
    case when p.is_refunded then 'PARTIALLY_REFUNDED' else 'PAID' end,
    case when p.is_shipped then 'FULFILLED' else 'UNFULFILLED' end,
    'USD', 'USD', m.total, m.total, m.total - m.back, m.tax - m.back_tax, 5, 0, m.total, m.back, 0,
    m.total, m.total, m.total - m.back, m.tax - m.back_tax, 5, 0, m.total, m.back, 0
from placed as p
cross join lateral (
    values (
        p.first_net + p.second_net + 5 + p.first_tax + p.second_tax + 0.20,
        p.first_tax + p.second_tax + 0.20,
        case when p.is_refunded then p.second_net + p.second_tax else 0 end,
        case when p.is_refunded then p.second_tax else 0 end
    )
) as m (total, tax, back, back_tax);

-- name: census_lines
insert into recon.census_lines (
    shop, order_id, order_line_id, variant_id, is_gift_card, requires_shipping, quantity, current_quantity,
    unfulfilled_quantity
)
select
    %(shop)s, p.order_id, 10 * p.i + k, case when k = 1 then p.first_variant else p.second_variant end, false, true,
    case when k = 1 then p.quantity else 1 end,
    case when k = 1 then p.quantity when p.is_refunded then 0 else 1 end,
    case when p.is_shipped then 0 when k = 1 then p.quantity when p.is_refunded then 0 else 1 end
from placed as p
cross join generate_series(1, 2) as k;

-- name: census_levels
-- Every location had a thousand of everything and counts on; what is promised is promised in Brooklyn.
insert into recon.census_levels (
    shop, inventory_item_id, location_id, on_hand, available, committed, reserved, damaged, quality_control, safety_stock,
    updated_at
)
select
    v.shop, v.inventory_item_id, place.location_id, 1000, 1000 - waits.units, waits.units, 0, 0, 0, 0,
    %(as_of)s::timestamptz - interval '1 day'
from recon.census_variants as v
inner join recon.census_locations as place on place.shop = v.shop
left join (
    select variant_id, sum(unfulfilled_quantity) as units
    from recon.census_lines
    where shop = %(shop)s
    group by variant_id
) as promised on promised.variant_id = v.variant_id
cross join lateral (
    values (case when place.location_id = 71 then coalesce(promised.units, 0) else 0 end)
) as waits (units)
where v.shop = %(shop)s;

-- name: stock
insert into backoffice.stock (shop, product, location, quantity)
select %(shop)s, v.variant_id::text, place.code, 1000
from recon.census_variants as v
cross join (values ('EAST'), ('WEST')) as place (code)
where v.shop = %(shop)s;

-- name: census_sales
insert into recon.census_sales (
    shop, order_id, agreement_id, agreement_type, happened_at, refund_id, sale_id, action_type, line_type, order_line_id,
    quantity, total, tax, channel_tax, discount, presentment_total, presentment_tax, presentment_discount,
    presentment_discount_with_tax
)
select
    %(shop)s, order_id, agreement_id, case when is_refund then 'RefundAgreement' else 'OrderAgreement' end, happened_at,
    case when is_refund then i end, sale_id, case when is_refund then 'RETURN' else 'ORDER' end, line_type, order_line_id,
    quantity, net + tax, tax, 0, 0, net + tax, tax, 0, 0
from sold;

-- name: census_sale_taxes
insert into recon.census_sale_taxes (shop, order_id, sale_id, position, title, rate, channel_liable, amount)
select %(shop)s, order_id, sale_id, 0, 'New York State Tax', 0.04, false, tax
from sold;

-- name: census_transactions
insert into recon.census_transactions (
    shop, order_id, transaction_id, kind, status, gateway, amount, presentment_amount, rounding, processed_at
)
select %(shop)s, order_id, transaction_id, kind, 'SUCCESS', gateway, amount, amount, 0, at
from paid;

-- name: census_refunds
insert into recon.census_refunds (shop, refund_id, order_id, created_at, total_refunded)
select %(shop)s, i, order_id, placed_at + interval '5 days', second_net + second_tax
from placed
where is_refunded;

-- name: census_fulfillments
insert into recon.census_fulfillments (shop, fulfillment_id, order_id, status, created_at, updated_at, location_id)
select
    %(shop)s, i, order_id, 'SUCCESS', placed_at + interval '1 day', placed_at + interval '1 day', location_id
from placed
where is_shipped;

-- name: census_fulfillment_lines
insert into recon.census_fulfillment_lines (shop, fulfillment_id, order_id, order_line_id, quantity)
select %(shop)s, p.i, p.order_id, 10 * p.i + k, case when k = 1 then p.quantity else 1 end
from placed as p
cross join generate_series(1, 2) as k
where p.is_shipped;

-- name: census_restocks
insert into recon.census_restocks (shop, order_id, source, source_id, order_line_id, location_id, quantity, restocked_at)
select %(shop)s, order_id, 'refund', i, 10 * i + 2, location_id, 1, placed_at + interval '5 days'
from placed
where is_refunded and is_shipped;

-- name: census_balance
insert into recon.census_balance (
    shop, balance_transaction_id, type, is_test, transaction_at, currency, amount, fee, net, payout_id, order_id,
    order_transaction_id
)
select
    %(shop)s, transaction_id, case kind when 'SALE' then 'CHARGE' else 'REFUND' end, false, at, 'USD',
    signed.amount, signed.fee, signed.amount - signed.fee, (at at time zone %(zone)s)::date - date '2000-01-01', order_id,
    transaction_id
from paid
cross join lateral (
    values (
        case kind when 'SALE' then paid.amount else -paid.amount end,
        case kind when 'SALE' then round(paid.amount * 0.029 + 0.30, 2) else 0 end
    )
) as signed (amount, fee)
where gateway = 'shopify_payments';

-- name: census_payouts
insert into recon.census_payouts (shop, payout_id, status, direction, issued_at, currency, net)
select
    %(shop)s, payout_id, 'PAID', case when sum(net) < 0 then 'WITHDRAWAL' else 'DEPOSIT' end,
    (date '2000-01-01' + payout_id::integer + 1)::timestamp at time zone %(zone)s, 'USD', sum(net)
from recon.census_balance
where shop = %(shop)s
group by payout_id;

-- name: census_funds
insert into recon.census_funds (shop, currency, balance) values (%(shop)s, 'USD', 0);

-- name: snapshots
insert into backoffice.snapshots (shop, as_of, product, version, company, read_at, mode)
values (%(shop)s, %(as_of)s, 'generated', '1', 'Shop', %(as_of)s, 'whole');

-- name: orders
insert into backoffice.orders (shop, record, order_id, state, ordered_on)
select %(shop)s, 'sale,' || i, order_id, 'done', (placed_at at time zone %(zone)s)::date
from placed;

-- name: order_lines
insert into backoffice.order_lines (shop, order_id, order_line_id, product, quantity)
select
    %(shop)s, order_id, order_line_id, variant_id::text,
    case when unfulfilled_quantity = 0 and current_quantity < quantity then quantity else current_quantity end
from recon.census_lines
where shop = %(shop)s;

-- name: documents
insert into backoffice.documents (
    shop, external_id, order_id, agreement_id, action_type, record, state, dated_on, booked_on, company, currency, total, tax
)
select
    %(shop)s, agreement_id || '/' || action_type, order_id, agreement_id, action_type, 'invoice,' || agreement_id, 'posted',
    (min(happened_at) at time zone %(zone)s)::date, (min(happened_at) at time zone %(zone)s)::date, 'Shop', 'USD', sum(total),
    sum(tax)
from recon.census_sales
where shop = %(shop)s
group by order_id, agreement_id, action_type;

-- name: ledger
insert into backoffice.ledger (shop, resource, external_id, order_id, account, amount, booked_on, party)
select
    %(shop)s, 'documents', s.agreement_id || '/' || s.action_type, s.order_id, leg.account, sum(leg.amount),
    (min(s.happened_at) at time zone %(zone)s)::date,
    case when leg.account = '1200' then min(o.customer_id)::text else '' end
from recon.census_sales as s
inner join recon.census_orders as o on o.shop = s.shop and o.order_id = s.order_id
cross join lateral (
    values
    (case s.line_type when 'SHIPPING' then '4100' else '4000' end, s.tax - s.total),
    ('2200', -s.tax),
    ('1200', s.total)
) as leg (account, amount)
where s.shop = %(shop)s
group by s.order_id, s.agreement_id, s.action_type, leg.account;

-- name: ledger_of_payments
insert into backoffice.ledger (shop, resource, external_id, order_id, account, amount, booked_on, party)
select
    %(shop)s, 'payments', transaction_id::text, order_id, leg.account, leg.amount, (at at time zone %(zone)s)::date, leg.party
from (
    select paid.*, case kind when 'SALE' then amount else -amount end as signed, placed.customer_id
    from paid
    inner join placed using (order_id)
) as money
cross join lateral (
    values
    (case gateway when 'paypal' then '1110' else '1100' end, signed, ''),
    ('1200', -signed, customer_id::text)
) as leg (account, amount, party);

-- name: ledger_of_balance
insert into backoffice.ledger (shop, resource, external_id, order_id, account, amount, booked_on, party)
select
    %(shop)s, 'entries', 'balance/' || balance_transaction_id, order_id, leg.account, leg.amount,
    (transaction_at at time zone %(zone)s)::date, ''
from recon.census_balance
cross join lateral (values ('1100', -fee), ('6000', fee)) as leg (account, amount)
where shop = %(shop)s and fee <> 0;

-- name: ledger_of_payouts
insert into backoffice.ledger (shop, resource, external_id, account, amount, booked_on, party)
select %(shop)s, 'entries', 'payout/' || payout_id, leg.account, leg.amount, (issued_at at time zone %(zone)s)::date, ''
from recon.census_payouts
cross join lateral (values ('1010', net), ('1100', -net)) as leg (account, amount)
where shop = %(shop)s;

-- name: taxes
insert into backoffice.taxes (shop, external_id, order_id, tax, base, amount)
select %(shop)s, agreement_id || '/' || action_type, order_id, 'New York State Tax 4%%', sum(total - tax), sum(tax)
from recon.census_sales
where shop = %(shop)s
group by order_id, agreement_id, action_type;

-- name: payments
insert into backoffice.payments (shop, external_id, order_id, transaction_id, account, amount, paid_on, company)
select
    %(shop)s, transaction_id::text, order_id, transaction_id, case gateway when 'paypal' then '1110' else '1100' end,
    case kind when 'SALE' then amount else -amount end, (at at time zone %(zone)s)::date, 'Shop'
from paid;

-- name: shipments
insert into backoffice.shipments (
    shop, kind, external_id, order_id, order_line_id, product, location, quantity, moved_on
)
select
    %(shop)s, 'shipment', f.fulfillment_id::text, l.order_id, l.order_line_id, l.variant_id::text,
    case f.location_id when 71 then 'EAST' else 'WEST' end, moved.quantity, (f.created_at at time zone %(zone)s)::date
from recon.census_fulfillments as f
inner join recon.census_fulfillment_lines as moved on moved.shop = f.shop and moved.fulfillment_id = f.fulfillment_id
inner join recon.census_lines as l on l.shop = f.shop and l.order_line_id = moved.order_line_id
where f.shop = %(shop)s;

-- name: restocks
insert into backoffice.shipments (
    shop, kind, external_id, order_id, order_line_id, product, location, quantity, moved_on
)
select
    r.shop, 'restock', r.source_id || '/' || r.location_id, r.order_id, r.order_line_id, l.variant_id::text,
    case r.location_id when 71 then 'EAST' else 'WEST' end, r.quantity, (r.restocked_at at time zone %(zone)s)::date
from recon.census_restocks as r
inner join recon.census_lines as l on l.shop = r.shop and l.order_line_id = r.order_line_id
where r.shop = %(shop)s;

-- name: parties
insert into backoffice.parties (shop, record, external_id, contact)
select distinct %(shop)s, 'party,' || customer_id, customer_id::text, md5(customer_id::text)
from placed;

-- name: products
insert into backoffice.products (shop, record, external_id, code)
select %(shop)s, 'product,' || variant_id, variant_id::text, sku
from recon.census_variants
where shop = %(shop)s;

-- name: totals
insert into backoffice.totals (shop, account, month, amount)
select %(shop)s, account, date_trunc('month', booked_on)::date, sum(amount)
from backoffice.ledger
where shop = %(shop)s
group by account, date_trunc('month', booked_on);

-- name: wrong_documents
-- One order in a thousand is invoiced a cent too high, in what it sold.
update backoffice.documents
set total = total + 0.01
where shop = %(shop)s and action_type = 'ORDER' and order_id %% 1000 = 0;

-- name: wrong_ledger
update backoffice.ledger
set amount = amount + case account when '1200' then 0.01 else -0.01 end
where shop = %(shop)s and resource = 'documents' and external_id like '%%/ORDER' and order_id %% 1000 = 0
    and account in ('1200', '4000');

-- name: seconds
select rule, seconds
from recon.run_rules
where run_id = %(run_id)s
order by seconds desc;

-- name: written
select temp_bytes from pg_stat_database where datname = current_database();
