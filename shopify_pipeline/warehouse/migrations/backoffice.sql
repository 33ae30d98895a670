-- What the back office says of itself (snapshots), and the reviewed value map the rules read.
create schema backoffice;

create table backoffice.value_map (
    shop text not null,
    kind text not null,
    key text not null,
    code text not null,
    constraint value_map_pkey primary key (shop, kind, key)
);
comment on table backoffice.value_map is 'The reviewed value map as last read: kind in (line, tax, gateway, location, account), key as Shopify says it, code as the back office does.';

create table backoffice.pushes (
    shop text not null,
    resource text not null,
    external_id text not null,
    fingerprint text not null,
    outcome text not null,
    reason text,
    pushed_at timestamptz not null,
    constraint pushes_pkey primary key (shop, resource, external_id)
);
comment on table backoffice.pushes is 'Our own push log: last fingerprint and outcome per record. No reconciliation rule may read it.';

create table backoffice.snapshots (
    shop text not null,
    as_of timestamptz not null,
    product text not null,
    version text not null,
    constraint snapshots_pkey primary key (shop)
);

create table backoffice.orders (
    shop text not null,
    record text not null,
    order_id bigint not null,
    state text not null,
    ordered_on date,
    constraint backoffice_orders_pkey primary key (shop, record)
);
comment on table backoffice.orders is 'Snapshot: every sale that carries a Shopify order id; two records with one order_id are a duplicate.';

create table backoffice.documents (
    shop text not null,
    external_id text not null,
    order_id bigint not null,
    agreement_id bigint not null,
    action_type text not null,
    record text not null,
    number text,
    state text not null,
    dated_on date not null,
    booked_on date not null,
    currency text not null,
    total numeric not null,
    tax numeric not null,
    constraint backoffice_documents_pkey primary key (shop, record)
);
comment on table backoffice.documents is 'Snapshot: one posted document per (agreement, action type), totals signed as Shopify signs sales.';

create table backoffice.ledger (
    shop text not null,
    external_id text not null,
    order_id bigint not null,
    account text not null,
    amount numeric not null,
    constraint ledger_pkey primary key (shop, external_id, account)
);
comment on table backoffice.ledger is 'Snapshot: debit minus credit per document or payment and account, read from the ledger''s own lines.';

create table backoffice.payments (
    shop text not null,
    external_id text not null,
    order_id bigint not null,
    transaction_id bigint not null,
    account text not null,
    amount numeric not null,
    paid_on date not null,
    constraint backoffice_payments_pkey primary key (shop, external_id)
);
comment on table backoffice.payments is 'Snapshot: one row per payment; amount positive when money came in.';

create table backoffice.stock (
    shop text not null,
    product text not null,
    location text not null,
    quantity numeric not null,
    constraint stock_pkey primary key (shop, product, location)
);
comment on table backoffice.stock is 'Snapshot: units on hand per product (variant id as text) and back-office location code.';
