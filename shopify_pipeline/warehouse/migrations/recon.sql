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
    taxes_included boolean not null,
    source_name text,
    customer_id bigint,
    company_id bigint,
    financial_status text,
    fulfillment_status text not null,
    currency text not null,
    presentment_currency text not null,
    original_total numeric not null,
    total numeric not null,
    current_total numeric not null,
    current_tax numeric not null,
    current_shipping numeric not null,
    current_discounts numeric not null,
    total_received numeric not null,
    total_refunded numeric not null,
    total_outstanding numeric not null,
    presentment_original_total numeric not null,
    presentment_total numeric not null,
    presentment_current_total numeric not null,
    presentment_current_tax numeric not null,
    presentment_current_shipping numeric not null,
    presentment_current_discounts numeric not null,
    presentment_total_received numeric not null,
    presentment_total_refunded numeric not null,
    presentment_total_outstanding numeric not null,
    constraint census_orders_pkey primary key (shop, order_id)
);
comment on table recon.census_orders is 'Orders as last counted with the sums Shopify itself tells of them, in the shop''s currency and (presentment_) the customer''s; company_id is the buying company''s.';

create table recon.census_lines (
    shop text not null,
    order_id bigint not null,
    order_line_id bigint not null,
    variant_id bigint,
    product_type text,
    is_gift_card boolean not null,
    requires_shipping boolean not null,
    quantity bigint not null,
    current_quantity bigint not null,
    unfulfilled_quantity bigint not null,
    constraint census_lines_pkey primary key (shop, order_line_id)
);
create index census_lines_order on recon.census_lines (shop, order_id);

create table recon.census_sales (
    shop text not null,
    order_id bigint not null,
    agreement_id bigint not null,
    agreement_type text not null,
    happened_at timestamptz not null,
    refund_id bigint,
    sale_id bigint not null,
    action_type text not null,
    line_type text not null,
    order_line_id bigint,
    quantity bigint,
    total numeric not null,
    tax numeric not null,
    channel_tax numeric not null,
    discount numeric not null,
    presentment_total numeric not null,
    presentment_tax numeric not null,
    presentment_discount numeric not null,
    presentment_discount_with_tax numeric not null,
    constraint census_sales_pkey primary key (shop, sale_id)
);
create index census_sales_order on recon.census_sales (shop, order_id);
comment on table recon.census_sales is 'Sales as last counted, shop currency unless named otherwise; tax is the sum of the sale''s taxes, channel_tax what of it the sales channel remits, discount what was taken off before taxes, discount_with_tax after them.';

create table recon.census_sale_taxes (
    shop text not null,
    order_id bigint not null,
    sale_id bigint not null,
    position bigint not null,
    title text not null,
    rate numeric,
    channel_liable boolean,
    amount numeric not null,
    constraint census_sale_taxes_pkey primary key (shop, sale_id, position)
);
create index census_sale_taxes_order on recon.census_sale_taxes (shop, order_id);

create table recon.census_transactions (
    shop text not null,
    order_id bigint not null,
    transaction_id bigint not null,
    parent_id bigint,
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

create table recon.census_refunds (
    shop text not null,
    refund_id bigint not null,
    order_id bigint not null,
    created_at timestamptz not null,
    total_refunded numeric not null,
    constraint census_refunds_pkey primary key (shop, refund_id)
);

create table recon.census_fulfillments (
    shop text not null,
    fulfillment_id bigint not null,
    order_id bigint not null,
    status text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    location_id bigint,
    constraint census_fulfillments_pkey primary key (shop, fulfillment_id)
);

create table recon.census_fulfillment_lines (
    shop text not null,
    fulfillment_id bigint not null,
    order_id bigint not null,
    order_line_id bigint not null,
    quantity bigint not null,
    constraint census_fulfillment_lines_pkey primary key (shop, fulfillment_id, order_line_id)
);

create table recon.census_restocks (
    shop text not null,
    order_id bigint not null,
    source text not null,
    source_id bigint not null,
    order_line_id bigint not null,
    location_id bigint not null,
    quantity bigint not null,
    restocked_at timestamptz not null,
    constraint census_restocks_pkey primary key (shop, source, source_id, order_line_id, location_id)
);
comment on table recon.census_restocks is 'Units that went back on a shelf: source is refund (a refund line of type RETURN) or disposition (of a return''s reverse fulfilment), source_id the refund''s or disposition''s id.';

create table recon.census_variants (
    shop text not null,
    variant_id bigint not null,
    product_id bigint not null,
    inventory_item_id bigint not null,
    sku text,
    is_tracked boolean not null,
    constraint census_variants_pkey primary key (shop, variant_id)
);

create table recon.census_locations (
    shop text not null,
    location_id bigint not null,
    name text not null,
    is_active boolean not null,
    constraint census_locations_pkey primary key (shop, location_id)
);

create table recon.census_levels (
    shop text not null,
    inventory_item_id bigint not null,
    location_id bigint not null,
    on_hand bigint not null,
    available bigint not null,
    committed bigint not null,
    reserved bigint not null,
    damaged bigint not null,
    quality_control bigint not null,
    safety_stock bigint not null,
    updated_at timestamptz not null,
    constraint census_levels_pkey primary key (shop, inventory_item_id, location_id)
);

create table recon.census_gift_cards (
    shop text not null,
    gift_card_id bigint not null,
    order_line_id bigint,
    currency text not null,
    initial_value numeric not null,
    balance numeric not null,
    created_at timestamptz not null,
    expires_on date,
    deactivated_at timestamptz,
    updated_at timestamptz not null,
    constraint census_gift_cards_pkey primary key (shop, gift_card_id)
);
comment on table recon.census_gift_cards is 'Gift cards as last counted; order_line_id is the line that sold it, none for one that was given.';

create table recon.census_store_credit (
    shop text not null,
    store_credit_account_id bigint not null,
    currency text not null,
    balance numeric not null,
    moved_at timestamptz,
    constraint census_store_credit_pkey primary key (shop, store_credit_account_id)
);

create table recon.census_balance (
    shop text not null,
    balance_transaction_id bigint not null,
    type text not null,
    is_test boolean not null,
    transaction_at timestamptz not null,
    currency text not null,
    amount numeric not null,
    fee numeric not null,
    net numeric not null,
    payout_id bigint,
    order_id bigint,
    order_transaction_id bigint,
    source_type text,
    source_id bigint,
    constraint census_balance_pkey primary key (shop, balance_transaction_id)
);
comment on table recon.census_balance is 'Balance transactions of Shopify Payments as last counted, signed as Shopify signs them; source_id names the dispute or payout it comes from, by source_type.';

create table recon.census_payouts (
    shop text not null,
    payout_id bigint not null,
    status text not null,
    direction text not null,
    issued_at timestamptz not null,
    currency text not null,
    net numeric not null,
    constraint census_payouts_pkey primary key (shop, payout_id)
);

create table recon.census_disputes (
    shop text not null,
    dispute_id bigint not null,
    order_id bigint,
    type text not null,
    status text not null,
    currency text not null,
    amount numeric not null,
    initiated_at timestamptz not null,
    finalized_on timestamptz,
    constraint census_disputes_pkey primary key (shop, dispute_id)
);

create table recon.census_funds (
    shop text not null,
    currency text not null,
    balance numeric not null,
    constraint census_funds_pkey primary key (shop, currency)
);
comment on table recon.census_funds is 'What Shopify Payments says it holds for the shop.';

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
    open_breaks bigint,
    in_transit bigint,
    amount_at_risk jsonb not null default '{}',
    rules_score numeric,
    clearing_score numeric,
    constraint runs_pkey primary key (run_id)
);
create index runs_shop on recon.runs (shop, run_id);
comment on table recon.runs is 'One row per reconciliation. rules: by rule what it checked, found, and how many seconds it took; amount_at_risk: by currency, of open breaks; rules_score: share of rules without a break; clearing_score: share of clearing accounts without one, null when none was compared.';

create table recon.run_rules (
    run_id bigint not null,
    shop text not null,
    rule text not null,
    title text not null,
    severity text not null,
    checked bigint not null,
    open_breaks bigint not null,
    in_transit bigint not null,
    accepted bigint not null,
    seconds numeric not null,
    constraint run_rules_pkey primary key (run_id, rule)
);
comment on table recon.run_rules is 'What each rule of a run compared and left: open_breaks without what is in transit or asks for attention only.';

create table recon.run_amounts (
    run_id bigint not null,
    shop text not null,
    rule text not null,
    currency text not null,
    open_breaks bigint not null,
    amount_at_risk numeric not null,
    constraint run_amounts_pkey primary key (run_id, rule, currency)
);
comment on table recon.run_amounts is 'Amount at risk at the end of a run: open breaks that have a currency, the absolute differences added up.';

create table recon.breaks (
    break_id text not null,
    shop text not null,
    rule text not null,
    class text not null,
    severity text not null,
    entity text not null,
    key text not null,
    expected text,
    actual text,
    difference numeric,
    currency text,
    message text not null,
    proposed_repair text,
    since timestamptz,
    first_seen timestamptz not null,
    last_seen timestamptz not null,
    last_run bigint not null,
    runs_seen bigint not null,
    status text not null,
    closed_at timestamptz,
    accepted_by text,
    accepted_because text,
    accepted_at timestamptz,
    accepted_until date,
    repair_asked_run bigint,
    constraint breaks_pkey primary key (break_id),
    constraint breaks_status_known check (status in ('open', 'auto_repaired', 'accepted', 'closed')),
    constraint breaks_accepted_by_somebody check (status <> 'accepted' or (accepted_by <> '' and accepted_because <> '')),
    constraint breaks_class_known check (class in (
        'missing_backoffice', 'missing_shopify', 'missing_warehouse', 'amount_mismatch', 'status_mismatch',
        'quantity_mismatch', 'duplicate', 'in_transit', 'orphan', 'currency_mismatch', 'unmapped', 'manual_edit', 'attention'
    ))
);
create index breaks_open on recon.breaks (shop, rule) where status in ('open', 'accepted');
comment on table recon.breaks is 'The break ledger: every difference found, with first and last sighting, age and status. since is when the fact happened in the shop; accepted_until the last day (in the shop''s time zone) an acceptance holds; repair_asked_run the run after which its repair was asked for automatically. Nothing is ever deleted.';

create table recon.break_events (
    event_id bigint generated always as identity,
    break_id text not null,
    shop text not null,
    run_id bigint,
    happened_at timestamptz not null,
    event text not null,
    class text not null,
    expected text,
    actual text,
    difference numeric,
    currency text,
    who text,
    why text,
    until date,
    constraint break_events_pkey primary key (event_id),
    constraint break_events_event_known check (event in (
        'opened', 'changed', 'overdue', 'closed', 'reopened', 'accepted', 'acceptance_ended', 'repair_asked', 'auto_repaired'
    ))
);
create index break_events_break on recon.break_events (break_id, event_id);
comment on table recon.break_events is 'What happened to each break, in order; only ever added to. run_id: the reconciliation that saw it, null when a person acted; overdue: it was in transit for longer than its lag.';

create function recon.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception using message = tg_table_name || ' is only ever added to: ' || lower(tg_op) || ' is refused';
end
$$;

-- A trigger and not a grant: grants do not bind the owner, and the owner is who writes here every night.
create trigger break_events_append_only
before update or delete or truncate on recon.break_events
for each statement execute function recon.refuse_change();

create function recon.age_bucket(age_days integer) returns text language sql immutable as $$
    select case
        when age_days <= 1 then '0-1 d'
        when age_days <= 3 then '2-3 d'
        when age_days <= 7 then '4-7 d'
        when age_days <= 30 then '8-30 d'
        else '> 30 d'
    end
$$;
comment on function recon.age_bucket is 'How old, in the words of reports.';

create view recon.open_breaks as
select
    breaks.*,
    age.age_days,
    recon.age_bucket(age.age_days) as age_bucket,
    case when breaks.currency is not null then abs(breaks.difference) end as amount_at_risk
from recon.breaks as breaks
cross join lateral (
    select greatest(floor(extract(epoch from breaks.last_seen - coalesce(breaks.since, breaks.first_seen)) / 86400), 0)::integer
) as age (age_days)
where breaks.status = 'open';
comment on view recon.open_breaks is 'Breaks that are open, in transit included, with their age when last seen: since the fact happened, or since they were first seen when no time would cure them. amount_at_risk is the absolute difference, in the break''s currency; null for what is no money.';
