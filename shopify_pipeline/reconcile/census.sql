-- The census of a shop, replaced as a whole. Agreements and sales arrive apart and are joined here.

-- name: take_turns
-- Two censuses of one shop would replace each other's rows at the same time.
select pg_advisory_xact_lock(hashtextextended('census/' || %(shop)s, 0));

-- name: create_incoming_agreements
create temporary table incoming_agreements (
    agreement_id bigint not null,
    order_id bigint not null,
    agreement_type text not null,
    happened_at timestamptz not null
) on commit drop;

-- name: create_incoming_sales
create temporary table incoming_sales (
    sale_id bigint not null,
    agreement_id bigint not null,
    action_type text not null,
    line_type text not null,
    quantity bigint,
    total numeric not null,
    tax numeric not null,
    channel_tax numeric not null,
    presentment_total numeric not null,
    presentment_tax numeric not null
) on commit drop;

-- name: clear_roots
delete from recon.census_roots where shop = %(shop)s;

-- name: clear_orders
delete from recon.census_orders where shop = %(shop)s;

-- name: clear_sales
delete from recon.census_sales where shop = %(shop)s;

-- name: clear_transactions
delete from recon.census_transactions where shop = %(shop)s;

-- name: clear_levels
delete from recon.census_levels where shop = %(shop)s;

-- name: copy_roots
copy recon.census_roots (shop, stream, root_id, updated_at) from stdin;

-- name: copy_orders
copy recon.census_orders (
    shop, order_id, name, created_at, processed_at, updated_at, cancelled_at, is_test, currency,
    presentment_currency, current_total, current_tax, presentment_current_total, presentment_current_tax, total_received,
    total_refunded
) from stdin;

-- name: copy_transactions
copy recon.census_transactions (
    shop, order_id, transaction_id, kind, status, gateway, amount, presentment_amount, rounding, processed_at
) from stdin;

-- name: copy_agreements
copy incoming_agreements (agreement_id, order_id, agreement_type, happened_at) from stdin;

-- name: copy_sales
copy incoming_sales (
    sale_id, agreement_id, action_type, line_type, quantity, total, tax, channel_tax, presentment_total, presentment_tax
) from stdin;

-- name: copy_levels
copy recon.census_levels (shop, inventory_item_id, location_id, on_hand, available, updated_at) from stdin;

-- name: analyze_incoming
analyze incoming_agreements, incoming_sales;

-- name: join_sales
insert into recon.census_sales (
    shop, order_id, agreement_id, agreement_type, happened_at, sale_id, action_type, line_type, quantity, total, tax,
    channel_tax, presentment_total, presentment_tax
)
select
    %(shop)s, a.order_id, a.agreement_id, a.agreement_type, a.happened_at, s.sale_id, s.action_type, s.line_type, s.quantity,
    s.total, s.tax, s.channel_tax, s.presentment_total, s.presentment_tax
from incoming_sales as s
inner join incoming_agreements as a on a.agreement_id = s.agreement_id
inner join recon.census_orders as o on o.shop = %(shop)s and o.order_id = a.order_id;

-- name: analyze
analyze recon.census_roots, recon.census_orders, recon.census_sales, recon.census_transactions, recon.census_levels;

-- name: lost_sales
-- Sales that found no agreement, or whose agreement found no order.
select (select count(*) from incoming_sales) - (select count(*) from recon.census_sales where shop = %(shop)s);

-- name: stamp
insert into recon.censuses (shop, as_of, taken_at)
values (%(shop)s, %(as_of)s, %(taken_at)s)
on conflict (shop) do update
set as_of = excluded.as_of, taken_at = excluded.taken_at;
