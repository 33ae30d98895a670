-- What the back office said of itself: replaced as a whole, or where it changed.

-- name: last_read
select read_at
from backoffice.snapshots
where shop = %(shop)s;

-- name: take_turns
-- Two snapshots of one shop would replace each other's rows at the same time.
select pg_advisory_xact_lock(hashtextextended('snapshot/' || %(shop)s, 0));

-- name: clear_orders
delete from backoffice.orders where shop = %(shop)s;

-- name: clear_order_lines
delete from backoffice.order_lines where shop = %(shop)s;

-- name: clear_shipments
delete from backoffice.shipments where shop = %(shop)s;

-- name: clear_parties
delete from backoffice.parties where shop = %(shop)s;

-- name: clear_products
delete from backoffice.products where shop = %(shop)s;

-- name: clear_documents
delete from backoffice.documents where shop = %(shop)s;

-- name: clear_ledger
delete from backoffice.ledger where shop = %(shop)s;

-- name: clear_taxes
delete from backoffice.taxes where shop = %(shop)s;

-- name: clear_payments
delete from backoffice.payments where shop = %(shop)s;

-- name: clear_stock
delete from backoffice.stock where shop = %(shop)s;

-- name: clear_totals
delete from backoffice.totals where shop = %(shop)s;

-- name: clear_edited
delete from backoffice.edited where shop = %(shop)s;

-- name: replace_orders
delete from backoffice.orders where shop = %(shop)s and record = any(%(keys)s);

-- name: replace_order_lines
delete from backoffice.order_lines where shop = %(shop)s and order_id = any(%(keys)s::bigint[]);

-- name: replace_shipments
delete from backoffice.shipments where shop = %(shop)s and order_id = any(%(keys)s::bigint[]);

-- name: replace_documents
delete from backoffice.documents where shop = %(shop)s and record = any(%(keys)s);

-- name: replace_ledger
delete from backoffice.ledger as l
using unnest(%(keys)s::text[]) as k (key)
where
    l.shop = %(shop)s
    and l.resource = split_part(k.key, ' ', 1)
    and l.external_id = substr(k.key, strpos(k.key, ' ') + 1);

-- name: replace_taxes
delete from backoffice.taxes where shop = %(shop)s and external_id = any(%(keys)s);

-- name: replace_payments
delete from backoffice.payments where shop = %(shop)s and external_id = any(%(keys)s);

-- name: copy_edited
copy backoffice.edited (shop, resource, external_id, record, what) from stdin;

-- name: copy_orders
copy backoffice.orders (shop, record, order_id, state, ordered_on) from stdin;

-- name: copy_order_lines
copy backoffice.order_lines (shop, order_id, order_line_id, product, quantity) from stdin;

-- name: copy_shipments
copy backoffice.shipments (
    shop, kind, external_id, order_id, order_line_id, product, location, quantity, moved_on
) from stdin;

-- name: copy_parties
copy backoffice.parties (shop, record, external_id, contact) from stdin;

-- name: copy_products
copy backoffice.products (shop, record, external_id, code) from stdin;

-- name: copy_documents
copy backoffice.documents (
    shop, external_id, order_id, agreement_id, action_type, record, number, state, dated_on, booked_on, company, currency,
    total, tax
) from stdin;

-- name: copy_ledger
copy backoffice.ledger (shop, resource, external_id, order_id, account, amount, booked_on, party) from stdin;

-- name: copy_taxes
copy backoffice.taxes (shop, external_id, order_id, tax, base, amount) from stdin;

-- name: copy_payments
copy backoffice.payments (shop, external_id, order_id, transaction_id, account, amount, paid_on, company) from stdin;

-- name: copy_stock
copy backoffice.stock (shop, product, location, quantity) from stdin;

-- name: copy_totals
copy backoffice.totals (shop, account, month, amount) from stdin;

-- name: differs
-- What is kept against what the back office says it holds: a record that is gone has no stamp to be found by.
with kept as (
    select account, date_trunc('month', booked_on)::date as month, sum(amount) as amount
    from backoffice.ledger
    where shop = %(shop)s
    group by account, date_trunc('month', booked_on)
),

said as (
    select account, month, amount
    from backoffice.totals
    where shop = %(shop)s
),

counted as (
    select 'orders' as resource, count(distinct order_id) as records from backoffice.orders where shop = %(shop)s
    union all
    select 'documents', count(*) from backoffice.documents where shop = %(shop)s
    union all
    select 'payments', count(*) from backoffice.payments where shop = %(shop)s
    union all
    select 'entries', count(distinct external_id) from backoffice.ledger where shop = %(shop)s and resource = 'entries'
)

select
    exists (
        select
        from kept
        full join said on said.account = kept.account and said.month = kept.month
        where coalesce(kept.amount, 0) <> coalesce(said.amount, 0)
    )
    or exists (
        select
        from counted
        where records <> (%(counts)s::jsonb ->> resource)::bigint
    );

-- name: analyze
analyze
    backoffice.orders, backoffice.order_lines, backoffice.shipments, backoffice.parties, backoffice.products,
    backoffice.documents, backoffice.ledger, backoffice.taxes, backoffice.payments, backoffice.stock, backoffice.totals;

-- name: stamp
insert into backoffice.snapshots (shop, as_of, product, version, company, read_at, mode)
values (%(shop)s, %(as_of)s, %(product)s, %(version)s, %(company)s, %(read_at)s, %(mode)s)
on conflict (shop) do update
set
    as_of = excluded.as_of,
    product = excluded.product,
    version = excluded.version,
    company = excluded.company,
    read_at = excluded.read_at,
    mode = excluded.mode;
