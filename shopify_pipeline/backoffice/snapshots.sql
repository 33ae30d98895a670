-- What the back office said of itself, replaced as a whole.

-- name: take_turns
-- Two snapshots of one shop would replace each other's rows at the same time.
select pg_advisory_xact_lock(hashtextextended('snapshot/' || %(shop)s, 0));

-- name: clear_orders
delete from backoffice.orders where shop = %(shop)s;

-- name: clear_documents
delete from backoffice.documents where shop = %(shop)s;

-- name: clear_ledger
delete from backoffice.ledger where shop = %(shop)s;

-- name: clear_payments
delete from backoffice.payments where shop = %(shop)s;

-- name: clear_stock
delete from backoffice.stock where shop = %(shop)s;

-- name: copy_orders
copy backoffice.orders (shop, record, order_id, state, ordered_on) from stdin;

-- name: copy_documents
copy backoffice.documents (
    shop, external_id, order_id, agreement_id, action_type, record, number, state, dated_on, booked_on, currency, total, tax
) from stdin;

-- name: copy_ledger
copy backoffice.ledger (shop, external_id, order_id, account, amount) from stdin;

-- name: copy_payments
copy backoffice.payments (shop, external_id, order_id, transaction_id, account, amount, paid_on) from stdin;

-- name: copy_stock
copy backoffice.stock (shop, product, location, quantity) from stdin;

-- name: analyze
analyze backoffice.orders, backoffice.documents, backoffice.ledger, backoffice.payments, backoffice.stock;

-- name: stamp
insert into backoffice.snapshots (shop, as_of, product, version)
values (%(shop)s, %(as_of)s, %(product)s, %(version)s)
on conflict (shop) do update
set as_of = excluded.as_of, product = excluded.product, version = excluded.version;
