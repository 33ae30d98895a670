-- Generated from shopify_pipeline/schemas by `python -m shopify_pipeline.warehouse.ddl`; edit the field map instead.

create schema shopify;

create table shopify.products (
    shop text not null,
    product_id bigint not null,
    title text not null,
    handle text not null,
    status text not null,
    vendor text not null,
    product_type text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    published_at timestamptz,
    load_id bigint not null,
    observed_at timestamptz not null,
    root_hash text not null,
    deleted_at timestamptz,
    constraint products_pkey primary key (shop, product_id)
);
comment on table shopify.products is 'One row per product, newest version.';

create table shopify.product_tags (
    shop text not null,
    product_id bigint not null,
    position bigint not null,
    tag text not null,
    load_id bigint not null,
    constraint product_tags_pkey primary key (shop, product_id, position)
);
comment on table shopify.product_tags is 'One row per tag of a product.';

create table shopify.variants (
    shop text not null,
    variant_id bigint not null,
    product_id bigint not null,
    inventory_item_id bigint not null,
    sku text,
    barcode text,
    title text not null,
    display_name text not null,
    position bigint not null,
    price numeric(20, 6) not null,
    compare_at_price numeric(20, 6),
    inventory_policy text not null,
    is_taxable boolean not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    load_id bigint not null,
    constraint variants_pkey primary key (shop, variant_id)
);
create index variants_by_root on shopify.variants (shop, product_id);
comment on table shopify.variants is 'One row per variant of a product.';
create table shopify.variants_history (
    shop text not null,
    variant_id bigint not null,
    price numeric(20, 6) not null,
    compare_at_price numeric(20, 6),
    observed_at timestamptz not null,
    load_id bigint not null,
    constraint variants_history_pkey primary key (shop, variant_id, load_id)
);
comment on table shopify.variants_history is 'Every change of price, compare_at_price seen; append-only, because Shopify keeps no past.';

create table shopify.locations (
    shop text not null,
    location_id bigint not null,
    name text not null,
    is_active boolean not null,
    fulfills_online_orders boolean not null,
    city text,
    province_code text,
    country_code text,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    load_id bigint not null,
    observed_at timestamptz not null,
    root_hash text not null,
    deleted_at timestamptz,
    constraint locations_pkey primary key (shop, location_id)
);
comment on table shopify.locations is 'One row per location, inactive ones included.';

create table shopify.inventory_items (
    shop text not null,
    inventory_item_id bigint not null,
    sku text,
    is_tracked boolean not null,
    requires_shipping boolean not null,
    cost_currency text,
    unit_cost numeric(20, 6),
    created_at timestamptz not null,
    updated_at timestamptz not null,
    load_id bigint not null,
    observed_at timestamptz not null,
    root_hash text not null,
    deleted_at timestamptz,
    constraint inventory_items_pkey primary key (shop, inventory_item_id)
);
comment on table shopify.inventory_items is 'One row per inventory item, newest version.';
create table shopify.inventory_items_history (
    shop text not null,
    inventory_item_id bigint not null,
    cost_currency text,
    unit_cost numeric(20, 6),
    observed_at timestamptz not null,
    load_id bigint not null,
    constraint inventory_items_history_pkey primary key (shop, inventory_item_id, load_id)
);
comment on table shopify.inventory_items_history is 'Every change of cost_currency, unit_cost seen; append-only, because Shopify keeps no past.';

create table shopify.inventory_levels (
    shop text not null,
    inventory_level_id bigint not null,
    inventory_item_id bigint not null,
    location_id bigint not null,
    is_active boolean not null,
    available bigint not null,
    on_hand bigint not null,
    committed bigint,
    incoming bigint,
    reserved bigint,
    damaged bigint,
    quality_control bigint,
    safety_stock bigint,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    load_id bigint not null,
    observed_at timestamptz not null,
    root_hash text not null,
    deleted_at timestamptz,
    constraint inventory_levels_pkey primary key (shop, inventory_item_id, location_id)
);
comment on table shopify.inventory_levels is 'One row per inventory item and location, newest quantities.';
create table shopify.inventory_levels_history (
    shop text not null,
    inventory_item_id bigint not null,
    location_id bigint not null,
    available bigint not null,
    on_hand bigint not null,
    committed bigint,
    incoming bigint,
    reserved bigint,
    damaged bigint,
    quality_control bigint,
    safety_stock bigint,
    observed_at timestamptz not null,
    load_id bigint not null,
    constraint inventory_levels_history_pkey primary key (shop, inventory_item_id, location_id, load_id)
);
comment on table shopify.inventory_levels_history is 'Every change of available, on_hand, committed, incoming, reserved, damaged, quality_control, safety_stock seen; append-only, because Shopify keeps no past.';

create table shopify.customers (
    shop text not null,
    customer_id bigint not null,
    first_name text,
    last_name text,
    display_name text,
    email text,
    email_marketing_state text,
    phone text,
    state text not null,
    locale text not null,
    is_tax_exempt boolean not null,
    is_email_verified boolean not null,
    order_count bigint not null,
    currency text not null,
    amount_spent numeric(20, 6) not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    load_id bigint not null,
    observed_at timestamptz not null,
    root_hash text not null,
    deleted_at timestamptz,
    constraint customers_pkey primary key (shop, customer_id)
);
comment on table shopify.customers is 'One row per customer, newest version.';

create table shopify.customer_addresses (
    shop text not null,
    customer_id bigint not null,
    address_id bigint not null,
    first_name text,
    last_name text,
    company text,
    address1 text,
    address2 text,
    city text,
    zip text,
    phone text,
    province_code text,
    country_code text,
    load_id bigint not null,
    constraint customer_addresses_pkey primary key (shop, customer_id, address_id)
);
comment on table shopify.customer_addresses is 'One row per address a customer keeps.';

create table shopify.orders (
    shop text not null,
    order_id bigint not null,
    name text not null,
    source_name text,
    email text,
    phone text,
    note text,
    customer_id bigint,
    created_at timestamptz not null,
    processed_at timestamptz not null,
    updated_at timestamptz not null,
    cancelled_at timestamptz,
    closed_at timestamptz,
    cancel_reason text,
    financial_status text,
    fulfillment_status text not null,
    return_status text not null,
    is_test boolean not null,
    is_edited boolean not null,
    taxes_included boolean not null,
    currency text not null,
    presentment_currency text not null,
    original_total_price_shop numeric(20, 6) not null,
    original_total_price_presentment numeric(20, 6) not null,
    total_price_shop numeric(20, 6) not null,
    total_price_presentment numeric(20, 6) not null,
    subtotal_price_shop numeric(20, 6),
    subtotal_price_presentment numeric(20, 6),
    total_tax_shop numeric(20, 6),
    total_tax_presentment numeric(20, 6),
    total_discounts_shop numeric(20, 6),
    total_discounts_presentment numeric(20, 6),
    total_shipping_price_shop numeric(20, 6) not null,
    total_shipping_price_presentment numeric(20, 6) not null,
    current_total_price_shop numeric(20, 6) not null,
    current_total_price_presentment numeric(20, 6) not null,
    current_subtotal_price_shop numeric(20, 6) not null,
    current_subtotal_price_presentment numeric(20, 6) not null,
    current_total_tax_shop numeric(20, 6),
    current_total_tax_presentment numeric(20, 6),
    current_total_discounts_shop numeric(20, 6) not null,
    current_total_discounts_presentment numeric(20, 6) not null,
    current_shipping_price_shop numeric(20, 6) not null,
    current_shipping_price_presentment numeric(20, 6) not null,
    total_received_shop numeric(20, 6) not null,
    total_received_presentment numeric(20, 6) not null,
    total_refunded_shop numeric(20, 6) not null,
    total_refunded_presentment numeric(20, 6) not null,
    net_payment_shop numeric(20, 6) not null,
    net_payment_presentment numeric(20, 6) not null,
    total_outstanding_shop numeric(20, 6) not null,
    total_outstanding_presentment numeric(20, 6) not null,
    total_capturable_shop numeric(20, 6) not null,
    total_capturable_presentment numeric(20, 6) not null,
    total_tip_shop numeric(20, 6) not null,
    total_tip_presentment numeric(20, 6) not null,
    refund_discrepancy_shop numeric(20, 6) not null,
    refund_discrepancy_presentment numeric(20, 6) not null,
    ship_to_first_name text,
    ship_to_last_name text,
    ship_to_company text,
    ship_to_address1 text,
    ship_to_address2 text,
    ship_to_city text,
    ship_to_zip text,
    ship_to_phone text,
    ship_to_province_code text,
    ship_to_country_code text,
    load_id bigint not null,
    observed_at timestamptz not null,
    root_hash text not null,
    deleted_at timestamptz,
    constraint orders_pkey primary key (shop, order_id)
);
comment on table shopify.orders is 'One row per order, newest version.';

create table shopify.order_lines (
    shop text not null,
    order_line_id bigint not null,
    order_id bigint not null,
    title text not null,
    variant_title text,
    sku text,
    vendor text,
    product_id bigint,
    variant_id bigint,
    quantity bigint not null,
    current_quantity bigint not null,
    unfulfilled_quantity bigint not null,
    requires_shipping boolean not null,
    is_gift_card boolean not null,
    is_taxable boolean not null,
    currency text not null,
    presentment_currency text not null,
    original_unit_price_shop numeric(20, 6) not null,
    original_unit_price_presentment numeric(20, 6) not null,
    original_total_shop numeric(20, 6) not null,
    original_total_presentment numeric(20, 6) not null,
    discounted_total_shop numeric(20, 6) not null,
    discounted_total_presentment numeric(20, 6) not null,
    load_id bigint not null,
    constraint order_lines_pkey primary key (shop, order_line_id)
);
create index order_lines_by_root on shopify.order_lines (shop, order_id);
comment on table shopify.order_lines is 'One row per line item of an order, removed ones included.';

create table shopify.order_line_discounts (
    shop text not null,
    order_line_id bigint not null,
    position bigint not null,
    order_id bigint not null,
    application_index bigint not null,
    allocation_method text not null,
    target_selection text not null,
    code text,
    title text,
    currency text not null,
    presentment_currency text not null,
    allocated_shop numeric(20, 6) not null,
    allocated_presentment numeric(20, 6) not null,
    load_id bigint not null,
    constraint order_line_discounts_pkey primary key (shop, order_line_id, position)
);
create index order_line_discounts_by_root on shopify.order_line_discounts (shop, order_id);
comment on table shopify.order_line_discounts is 'One row per discount allocated to a line.';

create table shopify.order_taxes (
    shop text not null,
    owner_type text not null,
    owner_id bigint not null,
    position bigint not null,
    order_id bigint not null,
    title text not null,
    rate numeric(12, 8),
    channel_liable boolean,
    currency text not null,
    presentment_currency text not null,
    amount_shop numeric(20, 6) not null,
    amount_presentment numeric(20, 6) not null,
    load_id bigint not null,
    constraint order_taxes_pkey primary key (shop, owner_type, owner_id, position)
);
create index order_taxes_by_root on shopify.order_taxes (shop, order_id);
comment on table shopify.order_taxes is 'One row per tax line of an order line or a shipping line, at order time (removed units included).';

create table shopify.order_shipping_lines (
    shop text not null,
    shipping_line_id bigint not null,
    order_id bigint not null,
    title text not null,
    code text,
    source text,
    is_removed boolean not null,
    currency text not null,
    presentment_currency text not null,
    original_price_shop numeric(20, 6) not null,
    original_price_presentment numeric(20, 6) not null,
    discounted_price_shop numeric(20, 6) not null,
    discounted_price_presentment numeric(20, 6) not null,
    load_id bigint not null,
    constraint order_shipping_lines_pkey primary key (shop, shipping_line_id)
);
create index order_shipping_lines_by_root on shopify.order_shipping_lines (shop, order_id);
comment on table shopify.order_shipping_lines is 'One row per shipping line of an order.';

create table shopify.order_attributes (
    shop text not null,
    order_id bigint not null,
    position bigint not null,
    name text not null,
    value text,
    load_id bigint not null,
    constraint order_attributes_pkey primary key (shop, order_id, position)
);
comment on table shopify.order_attributes is 'One row per custom attribute of an order.';

create table shopify.order_tags (
    shop text not null,
    order_id bigint not null,
    position bigint not null,
    tag text not null,
    load_id bigint not null,
    constraint order_tags_pkey primary key (shop, order_id, position)
);
comment on table shopify.order_tags is 'One row per tag of an order.';

create table shopify.order_agreements (
    shop text not null,
    agreement_id bigint not null,
    order_id bigint not null,
    agreement_type text not null,
    reason text not null,
    happened_at timestamptz not null,
    refund_id bigint,
    return_id bigint,
    load_id bigint not null,
    constraint order_agreements_pkey primary key (shop, agreement_id)
);
create index order_agreements_by_root on shopify.order_agreements (shop, order_id);
comment on table shopify.order_agreements is 'One row per sales agreement: Shopify''s dated ledger of what was agreed.';

create table shopify.order_sales (
    shop text not null,
    sale_id bigint not null,
    agreement_id bigint not null,
    order_id bigint not null,
    action_type text not null,
    line_type text not null,
    quantity bigint,
    order_line_id bigint,
    shipping_line_id bigint,
    currency text not null,
    presentment_currency text not null,
    total_shop numeric(20, 6) not null,
    total_presentment numeric(20, 6) not null,
    total_tax_shop numeric(20, 6) not null,
    total_tax_presentment numeric(20, 6) not null,
    discount_before_tax_shop numeric(20, 6) not null,
    discount_before_tax_presentment numeric(20, 6) not null,
    load_id bigint not null,
    constraint order_sales_pkey primary key (shop, sale_id)
);
create index order_sales_by_root on shopify.order_sales (shop, order_id);
comment on table shopify.order_sales is 'One row per sale of an agreement; money is after discounts, tax included, negative for RETURN.';

create table shopify.order_sale_taxes (
    shop text not null,
    sale_tax_id bigint not null,
    sale_id bigint not null,
    order_id bigint not null,
    title text not null,
    rate numeric(12, 8),
    channel_liable boolean,
    currency text not null,
    presentment_currency text not null,
    amount_shop numeric(20, 6) not null,
    amount_presentment numeric(20, 6) not null,
    load_id bigint not null,
    constraint order_sale_taxes_pkey primary key (shop, sale_tax_id)
);
create index order_sale_taxes_by_root on shopify.order_sale_taxes (shop, order_id);
comment on table shopify.order_sale_taxes is 'One row per tax of a sale.';

create table shopify.order_transactions (
    shop text not null,
    transaction_id bigint not null,
    order_id bigint not null,
    parent_transaction_id bigint,
    kind text not null,
    status text not null,
    gateway text,
    error_code text,
    is_test boolean not null,
    created_at timestamptz not null,
    processed_at timestamptz,
    currency text not null,
    presentment_currency text not null,
    amount_shop numeric(20, 6) not null,
    amount_presentment numeric(20, 6) not null,
    rounding_shop numeric(20, 6),
    rounding_presentment numeric(20, 6),
    load_id bigint not null,
    constraint order_transactions_pkey primary key (shop, transaction_id)
);
create index order_transactions_by_root on shopify.order_transactions (shop, order_id);
comment on table shopify.order_transactions is 'One row per payment transaction of an order, whatever its status.';

create table shopify.transaction_fees (
    shop text not null,
    transaction_id bigint not null,
    position bigint not null,
    order_id bigint not null,
    fee_type text not null,
    currency text not null,
    amount numeric(20, 6) not null,
    load_id bigint not null,
    constraint transaction_fees_pkey primary key (shop, transaction_id, position)
);
create index transaction_fees_by_root on shopify.transaction_fees (shop, order_id);
comment on table shopify.transaction_fees is 'One row per fee Shopify Payments charged on a transaction.';

create table shopify.refunds (
    shop text not null,
    refund_id bigint not null,
    order_id bigint not null,
    note text,
    created_at timestamptz,
    processed_at timestamptz not null,
    updated_at timestamptz not null,
    currency text not null,
    presentment_currency text not null,
    total_refunded_shop numeric(20, 6) not null,
    total_refunded_presentment numeric(20, 6) not null,
    load_id bigint not null,
    constraint refunds_pkey primary key (shop, refund_id)
);
create index refunds_by_root on shopify.refunds (shop, order_id);
comment on table shopify.refunds is 'One row per refund of an order.';

create table shopify.refund_lines (
    shop text not null,
    refund_id bigint not null,
    position bigint not null,
    order_id bigint not null,
    order_line_id bigint not null,
    quantity bigint not null,
    restock_type text not null,
    is_restocked boolean not null,
    location_id bigint,
    currency text not null,
    presentment_currency text not null,
    subtotal_shop numeric(20, 6) not null,
    subtotal_presentment numeric(20, 6) not null,
    total_tax_shop numeric(20, 6) not null,
    total_tax_presentment numeric(20, 6) not null,
    load_id bigint not null,
    constraint refund_lines_pkey primary key (shop, refund_id, position)
);
create index refund_lines_by_root on shopify.refund_lines (shop, order_id);
comment on table shopify.refund_lines is 'One row per refunded line of a refund.';

create table shopify.refund_shipping_lines (
    shop text not null,
    refund_id bigint not null,
    position bigint not null,
    order_id bigint not null,
    shipping_line_id bigint,
    currency text not null,
    presentment_currency text not null,
    subtotal_shop numeric(20, 6) not null,
    subtotal_presentment numeric(20, 6) not null,
    tax_shop numeric(20, 6) not null,
    tax_presentment numeric(20, 6) not null,
    load_id bigint not null,
    constraint refund_shipping_lines_pkey primary key (shop, refund_id, position)
);
create index refund_shipping_lines_by_root on shopify.refund_shipping_lines (shop, order_id);
comment on table shopify.refund_shipping_lines is 'One row per refunded shipping line of a refund.';

create table shopify.refund_adjustments (
    shop text not null,
    adjustment_id bigint not null,
    refund_id bigint not null,
    order_id bigint not null,
    reason text,
    currency text not null,
    presentment_currency text not null,
    amount_shop numeric(20, 6) not null,
    amount_presentment numeric(20, 6) not null,
    tax_shop numeric(20, 6) not null,
    tax_presentment numeric(20, 6) not null,
    load_id bigint not null,
    constraint refund_adjustments_pkey primary key (shop, adjustment_id)
);
create index refund_adjustments_by_root on shopify.refund_adjustments (shop, order_id);
comment on table shopify.refund_adjustments is 'One row per order adjustment of a refund: what was refunded beside the value of its lines.';

create table shopify.fulfillments (
    shop text not null,
    fulfillment_id bigint not null,
    order_id bigint not null,
    name text not null,
    status text not null,
    display_status text,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    delivered_at timestamptz,
    total_quantity bigint not null,
    location_id bigint,
    load_id bigint not null,
    constraint fulfillments_pkey primary key (shop, fulfillment_id)
);
create index fulfillments_by_root on shopify.fulfillments (shop, order_id);
comment on table shopify.fulfillments is 'One row per fulfillment of an order.';

create table shopify.fulfillment_lines (
    shop text not null,
    fulfillment_line_id bigint not null,
    fulfillment_id bigint not null,
    order_id bigint not null,
    order_line_id bigint not null,
    quantity bigint,
    load_id bigint not null,
    constraint fulfillment_lines_pkey primary key (shop, fulfillment_line_id)
);
create index fulfillment_lines_by_root on shopify.fulfillment_lines (shop, order_id);
comment on table shopify.fulfillment_lines is 'One row per line of a fulfillment.';

create table shopify.fulfillment_tracking (
    shop text not null,
    fulfillment_id bigint not null,
    position bigint not null,
    order_id bigint not null,
    company text,
    number text,
    url text,
    load_id bigint not null,
    constraint fulfillment_tracking_pkey primary key (shop, fulfillment_id, position)
);
create index fulfillment_tracking_by_root on shopify.fulfillment_tracking (shop, order_id);
comment on table shopify.fulfillment_tracking is 'One row per tracking number of a fulfillment.';
