-- The census (shop read apart from the field map) and the break ledger.
create schema recon;

create table recon.censuses (
    shop text not null,
    as_of timestamptz not null,
    taken_at timestamptz not null,
    constraint censuses_pkey primary key (shop)
);
comment on table recon.censuses is 'When the shop was last counted; as_of is the shop''s clock before the count began.';

create table recon.census_roots (
    shop text not null,
    stream text not null,
    root_id text not null,
    updated_at timestamptz,
    constraint census_roots_pkey primary key (shop, stream, root_id)
);

create table recon.census_orders (
    shop text not null,
    order_id bigint not null,
    name text not null,
    created_at timestamptz not null,
    processed_at timestamptz not null,
    updated_at timestamptz not null,
    cancelled_at timestamptz,
    is_test boolean not null,
    currency text not null,
    presentment_currency text not null,
    current_total numeric not null,
    current_tax numeric not null,
    presentment_current_total numeric not null,
    presentment_current_tax numeric not null,
    total_received numeric not null,
    total_refunded numeric not null,
    constraint census_orders_pkey primary key (shop, order_id)
);

create table recon.census_sales (
    shop text not null,
    order_id bigint not null,
    agreement_id bigint not null,
    agreement_type text not null,
    happened_at timestamptz not null,
    sale_id bigint not null,
    action_type text not null,
    line_type text not null,
    quantity bigint,
    total numeric not null,
    tax numeric not null,
    channel_tax numeric not null,
    presentment_total numeric not null,
    presentment_tax numeric not null,
    constraint census_sales_pkey primary key (shop, sale_id)
);
create index census_sales_order on recon.census_sales (shop, order_id);
comment on table recon.census_sales is 'Sales as last counted, shop currency unless named otherwise; tax is the sum of the sale''s taxes, channel_tax what of it the sales channel remits.';

create table recon.census_transactions (
    shop text not null,
    order_id bigint not null,
    transaction_id bigint not null,
    kind text not null,
    status text not null,
    gateway text,
    amount numeric not null,
    presentment_amount numeric not null,
    rounding numeric not null,
    processed_at timestamptz not null,
    constraint census_transactions_pkey primary key (shop, transaction_id)
);
create index census_transactions_order on recon.census_transactions (shop, order_id);

create table recon.census_levels (
    shop text not null,
    inventory_item_id bigint not null,
    location_id bigint not null,
    on_hand bigint not null,
    available bigint not null,
    updated_at timestamptz not null,
    constraint census_levels_pkey primary key (shop, inventory_item_id, location_id)
);

create table recon.fx_residuals (
    shop text not null,
    order_id bigint not null,
    what text not null,
    ledger numeric not null,
    told numeric not null,
    residual numeric not null,
    currency text not null,
    presentment_currency text not null,
    constraint fx_residuals_pkey primary key (shop, order_id, what)
);
comment on table recon.fx_residuals is 'What conversion left between figures that are equal in the currency the customer paid in: by order, of the last run. No break, and no tolerance: figures that differ there are a break.';

create table recon.runs (
    run_id bigint generated always as identity,
    shop text not null,
    as_of timestamptz not null,
    started_at timestamptz not null,
    finished_at timestamptz,
    rules jsonb not null default '{}',
    constraint runs_pkey primary key (run_id)
);

create table recon.breaks (
    break_id text not null,
    shop text not null,
    rule text not null,
    class text not null,
    entity text not null,
    sub_key text not null,
    shop_value text,
    backoffice_value text,
    amount numeric,
    currency text,
    message text not null,
    proposed_repair text not null,
    since timestamptz not null,
    first_seen timestamptz not null,
    last_seen timestamptz not null,
    runs_seen bigint not null,
    status text not null,
    closed_at timestamptz,
    accepted_by text,
    accepted_because text,
    constraint breaks_pkey primary key (break_id),
    constraint breaks_status_known check (status in ('open', 'closed', 'accepted')),
    constraint breaks_class_known check (class in (
        'missing_backoffice', 'missing_shopify', 'missing_warehouse', 'amount_mismatch', 'status_mismatch',
        'quantity_mismatch', 'duplicate', 'in_transit', 'orphan', 'currency_mismatch', 'unmapped', 'manual_edit'
    ))
);
create index breaks_open on recon.breaks (shop, rule) where status = 'open';
comment on table recon.breaks is 'The break ledger: every difference found, with first and last sighting, age and status. since is when the fact happened in the shop; nothing is ever deleted.';
