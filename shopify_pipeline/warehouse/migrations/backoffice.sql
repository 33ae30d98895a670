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

create table backoffice.count_proposals (
    shop text not null,
    external_id text not null,
    inventory_item_id bigint not null,
    product text not null,
    location text not null,
    counted_on date not null,
    shop_quantity bigint not null,
    backoffice_quantity bigint not null,
    account text,
    status text not null,
    proposed_at timestamptz not null,
    decided_at timestamptz,
    decided_by text,
    reason text,
    constraint count_proposals_pkey primary key (shop, external_id),
    constraint count_proposals_status_known check (status in ('proposed', 'applied', 'withdrawn'))
);
comment on table backoffice.count_proposals is 'Counts with the shop as stock master: one row per item, back-office location and day on which both sides differed though nothing was pending. Withdrawn: it no longer held before anybody applied it; reason says why it is withdrawn, or was not taken.';

create table backoffice.snapshots (
    shop text not null,
    as_of timestamptz not null,
    product text not null,
    version text not null,
    company text not null,
    read_at timestamptz,
    mode text not null,
    constraint snapshots_pkey primary key (shop),
    constraint snapshots_mode_known check (mode in ('whole', 'changes'))
);
comment on table backoffice.snapshots is 'The last snapshot: as_of by our clock, read_at when it began by the back office''s own; mode tells whether all was read, or what had changed.';

create table backoffice.orders (
    shop text not null,
    record text not null,
    order_id bigint not null,
    state text not null,
    ordered_on date,
    constraint backoffice_orders_pkey primary key (shop, record)
);
comment on table backoffice.orders is 'Snapshot: every sale that carries a Shopify order id; two records with one order_id are a duplicate.';

create table backoffice.order_lines (
    shop text not null,
    order_id bigint not null,
    order_line_id bigint not null,
    product text not null,
    quantity numeric not null,
    constraint backoffice_order_lines_pkey primary key (shop, order_id, order_line_id, product)
);
comment on table backoffice.order_lines is 'Snapshot: units of each line to be shipped, shipped or not, as the sale says; lines of no units are left out. order_line_id: 0 for a line a person added; product: the variant id as text, empty for what the shop does not sell.';

create table backoffice.shipments (
    shop text not null,
    kind text not null,
    external_id text not null,
    order_id bigint not null,
    order_line_id bigint not null,
    product text not null,
    location text not null,
    quantity numeric not null,
    moved_on date not null,
    constraint backoffice_shipments_pkey primary key (
        shop, kind, external_id, order_id, order_line_id, product, location, moved_on
    ),
    constraint backoffice_shipments_kind_known check (kind in ('shipment', 'restock'))
);
comment on table backoffice.shipments is 'Snapshot: units that left for a fulfilment (shipment) or came back on a shelf (restock), from what really moved; of a cancelled one what is still out, nothing left out. external_id: the back office''s own name of a document a person made; order_line_id, product: as in order_lines.';

create table backoffice.parties (
    shop text not null,
    record text not null,
    external_id text not null,
    contact text not null,
    constraint backoffice_parties_pkey primary key (shop, record, external_id, contact)
);
comment on table backoffice.parties is 'Snapshot: parties of the shop, one row per e-mail address, and parties without an external id (empty) that share an address with one; contact is a hash of the address, empty without one.';

create table backoffice.products (
    shop text not null,
    record text not null,
    external_id text not null,
    code text not null,
    constraint backoffice_products_pkey primary key (shop, record, external_id)
);
comment on table backoffice.products is 'Snapshot: products by variant id and their code.';

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
    company text not null,
    currency text not null,
    total numeric not null,
    tax numeric not null,
    constraint backoffice_documents_pkey primary key (shop, record)
);
comment on table backoffice.documents is 'Snapshot: one posted document per (agreement, action type), totals signed as Shopify signs sales.';

create table backoffice.ledger (
    shop text not null,
    resource text not null,
    external_id text not null,
    order_id bigint,
    account text not null,
    amount numeric not null,
    booked_on date not null,
    party text not null,
    constraint ledger_pkey primary key (shop, resource, external_id, account, party)
);
comment on table backoffice.ledger is 'Snapshot: debit minus credit per document, payment or entry, account and party (external id, empty without), read from the ledger''s own lines. order_id: none for an entry that belongs to no order.';

create table backoffice.taxes (
    shop text not null,
    external_id text not null,
    order_id bigint not null,
    tax text not null,
    base numeric not null,
    amount numeric not null,
    constraint taxes_pkey primary key (shop, external_id, tax)
);
comment on table backoffice.taxes is 'Snapshot: base and amount each document reports under each tax, signed as Shopify signs sales.';

create table backoffice.totals (
    shop text not null,
    account text not null,
    month date not null,
    amount numeric not null,
    constraint totals_pkey primary key (shop, account, month)
);
comment on table backoffice.totals is 'Snapshot: control totals, debit minus credit of everything booked for the shop per account and month (its first day), summed by the back office.';

create table backoffice.payments (
    shop text not null,
    external_id text not null,
    order_id bigint not null,
    transaction_id bigint not null,
    account text not null,
    amount numeric not null,
    paid_on date not null,
    company text not null,
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

create table backoffice.edited (
    shop text not null,
    resource text not null,
    external_id text not null,
    record text not null,
    what text not null,
    constraint edited_pkey primary key (shop, resource, external_id)
);
comment on table backoffice.edited is 'Snapshot: records that are no longer what was pushed, because a person changed them in the back office; what is changed, cancelled or deleted.';
