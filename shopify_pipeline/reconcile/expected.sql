-- What the books should hold, from the census and the value map alone (expected_), and what of it they hold (booked_):
-- temporary tables that every rule reads. Parameters: shop, as_of, go_live_on, time_zone.

-- name: create_expected_sales
create temporary table expected_sales (
    order_id bigint not null,
    agreement_id bigint not null,
    agreement_type text not null,
    refund_id bigint,
    happened_at timestamptz not null,
    sale_id bigint not null,
    action_type text not null,
    line_type text not null,
    order_line_id bigint,
    total numeric not null,
    tax numeric not null,
    channel_tax numeric not null,
    presentment_total numeric not null,
    presentment_tax numeric not null,
    is_left_out boolean not null,
    is_in_books boolean not null
) on commit drop;

-- name: fill_expected_sales
-- Every sale of the shop's orders; in the books when it happened on or after go-live and is not left out. Left out is
-- what stands for money that has not moved: the adjustment that holds a pending refund's money, the pair it makes with
-- its reversal, and a document of nothing but such adjustments; they are matched as the customer saw them, for two days
-- may have two rates.
insert into expected_sales (
    order_id, agreement_id, agreement_type, refund_id, happened_at, sale_id, action_type, line_type, order_line_id, total,
    tax, channel_tax, presentment_total, presentment_tax, is_left_out, is_in_books
)
with sales as (
    select
        s.order_id, s.agreement_id, s.agreement_type, s.refund_id, s.happened_at, s.sale_id, s.action_type, s.line_type,
        s.order_line_id, s.total, s.tax, s.channel_tax, s.presentment_total, s.presentment_tax,
        coalesce(s.refund_id, -s.agreement_id) as refund_key
    from recon.census_sales as s
    inner join recon.census_orders as o on o.shop = s.shop and o.order_id = s.order_id
    where s.shop = %(shop)s and not o.is_test
),

held as (
    select
        *,
        row_number() over (
            partition by order_id, refund_key, presentment_total, presentment_tax order by happened_at, sale_id
        ) as place
    from sales
    where line_type = 'ADJUSTMENT' and presentment_total > 0
),

freed as (
    select
        *,
        row_number() over (
            partition by order_id, refund_key, presentment_total, presentment_tax order by happened_at desc, sale_id desc
        ) as place
    from sales
    where line_type = 'ADJUSTMENT' and presentment_total < 0
),

reversed as (
    select held.sale_id as held_id, freed.sale_id as freed_id
    from held
    inner join freed
        on freed.order_id = held.order_id and freed.refund_key = held.refund_key
        and freed.presentment_total = -held.presentment_total and freed.presentment_tax = -held.presentment_tax
        and freed.place = held.place and freed.happened_at > held.happened_at
),

pending_amounts as (
    select order_id, presentment_amount as amount, count(*) as refunds
    from recon.census_transactions
    where shop = %(shop)s and kind = 'REFUND' and status = 'PENDING'
    group by order_id, presentment_amount
    union
    select order_id, sum(presentment_amount), 1
    from recon.census_transactions
    where shop = %(shop)s and kind = 'REFUND' and status = 'PENDING'
    group by order_id
    having count(*) > 1
),

pending as (
    select candidate.sale_id
    from (
        select
            *,
            row_number() over (
                partition by order_id, presentment_total order by happened_at desc, sale_id desc
            ) as newest
        from held
        where sale_id not in (select held_id from reversed)
    ) as candidate
    inner join pending_amounts as p on p.order_id = candidate.order_id and p.amount = candidate.presentment_total
    where candidate.newest <= p.refunds
),

waiting as (
    select agreement_id, action_type
    from sales
    group by agreement_id, action_type
    having bool_and(line_type = 'ADJUSTMENT') and bool_or(sale_id in (select sale_id from pending))
),

judged as (
    select
        s.*,
        s.sale_id in (select held_id from reversed)
        or s.sale_id in (select freed_id from reversed)
        or s.sale_id in (select sale_id from pending)
        or w.agreement_id is not null as is_left_out
    from sales as s
    left join waiting as w on w.agreement_id = s.agreement_id and w.action_type = s.action_type
)

select
    order_id, agreement_id, agreement_type, refund_id, happened_at, sale_id, action_type, line_type, order_line_id, total,
    tax, channel_tax, presentment_total, presentment_tax, is_left_out,
    not is_left_out and happened_at >= %(go_live_on)s::date::timestamp at time zone %(time_zone)s
from judged;

-- name: create_expected_payments
create temporary table expected_payments (
    order_id bigint not null,
    transaction_id bigint not null,
    gateway text not null,
    amount numeric not null,
    rounding numeric not null,
    processed_at timestamptz not null
) on commit drop;

-- name: fill_expected_payments
-- Money that moved since go-live: what came in is positive, what went back negative, and so is what cash was rounded by.
insert into expected_payments (order_id, transaction_id, gateway, amount, rounding, processed_at)
select
    t.order_id,
    t.transaction_id,
    coalesce(t.gateway, ''),
    case when t.kind in ('REFUND', 'CHANGE') then -t.amount else t.amount end,
    case when t.kind in ('REFUND', 'CHANGE') then -t.rounding else t.rounding end,
    t.processed_at
from recon.census_transactions as t
inner join recon.census_orders as o on o.shop = t.shop and o.order_id = t.order_id
where t.shop = %(shop)s and not o.is_test
    and t.status = 'SUCCESS' and t.kind in ('SALE', 'CAPTURE', 'REFUND', 'CHANGE')
    and t.processed_at >= %(go_live_on)s::date::timestamp at time zone %(time_zone)s;

-- name: create_expected_orders
create temporary table expected_orders (
    order_id bigint not null primary key,
    name text not null,
    currency text not null,
    first_at timestamptz not null,
    last_at timestamptz not null
) on commit drop;

-- name: fill_expected_orders
-- Orders with a fact in the books, and when the first and the last one happened.
insert into expected_orders (order_id, name, currency, first_at, last_at)
select o.order_id, o.name, o.currency, min(fact.happened_at), max(fact.happened_at)
from (
    select order_id, happened_at
    from expected_sales
    where is_in_books
    union all
    select order_id, processed_at
    from expected_payments
) as fact
inner join recon.census_orders as o on o.shop = %(shop)s and o.order_id = fact.order_id
group by o.order_id, o.name, o.currency;

-- name: create_booked_documents
create temporary table booked_documents (
    external_id text not null,
    order_id bigint not null,
    agreement_id bigint not null,
    action_type text not null,
    currency text not null,
    total numeric not null,
    tax numeric not null,
    seen_at timestamptz not null
) on commit drop;

-- name: fill_booked_documents
-- Documents the back office has posted. A fact the shop does not know is as old as the end of its day, so that one of
-- today can still be on its way into the census.
insert into booked_documents (external_id, order_id, agreement_id, action_type, currency, total, tax, seen_at)
select
    external_id, order_id, agreement_id, action_type, currency, total, tax,
    least((dated_on + 1)::timestamp at time zone %(time_zone)s, %(as_of)s)
from backoffice.documents
where shop = %(shop)s and state in ('posted', 'paid');

-- name: create_expected_balance
create temporary table expected_balance (
    balance_transaction_id bigint not null,
    is_dispute boolean not null,
    leg text not null,
    account text not null,
    amount numeric not null
) on commit drop;

-- name: fill_expected_balance
-- What a balance transaction since go-live leaves beside the payment it settles, debit positive: the fee, what it took
-- from or put on the clearing account, and the other side of what no payment books. None of a test or a transfer (that is
-- the payout), of one whose payment is not known to have succeeded (rule Y3), or of one the value map has no account for.
insert into expected_balance (balance_transaction_id, is_dispute, leg, account, amount)
with settled as (
    select
        b.balance_transaction_id,
        b.type,
        b.fee,
        b.amount - case when paid.transaction_id is null then 0 when paid.kind = 'REFUND' then -paid.amount else paid.amount end
            as rest,
        paid.transaction_id is not null as is_of_payment
    from recon.census_balance as b
    left join recon.census_transactions as paid
        on paid.shop = b.shop and paid.transaction_id = b.order_transaction_id and b.type in ('CHARGE', 'REFUND')
        and paid.status = 'SUCCESS' and paid.kind in ('SALE', 'CAPTURE', 'REFUND')
    where b.shop = %(shop)s and not b.is_test and not starts_with(b.type, 'TRANSFER')
        and b.transaction_at >= %(go_live_on)s::date::timestamp at time zone %(time_zone)s
        and (b.type not in ('CHARGE', 'REFUND') or b.order_transaction_id is null or paid.transaction_id is not null)
),

legs as (
    select balance_transaction_id, type, 'clearing' as leg, 'gateway' as kind, 'shopify_payments' as key, rest - fee as amount
    from settled
    union all
    select balance_transaction_id, type, 'fee', 'account', 'fees', fee
    from settled
    union all
    select balance_transaction_id, type, 'other side', 'balance', type, -rest
    from settled
    where rest <> 0 or not is_of_payment
),

mapped as (
    select
        legs.balance_transaction_id, legs.type, legs.leg, legs.amount, m.code,
        bool_and(m.code is not null) over (partition by legs.balance_transaction_id) as is_mapped
    from legs
    left join backoffice.value_map as m on m.shop = %(shop)s and m.kind = legs.kind and m.key = legs.key
)

select
    balance_transaction_id, starts_with(type, 'DISPUTE') or starts_with(type, 'CHARGEBACK'), leg, code, amount
from mapped
where is_mapped;

-- name: create_expected_units
create temporary table expected_units (
    kind text not null,
    external_id text not null,
    order_id bigint not null,
    order_line_id bigint not null,
    location text,
    quantity bigint not null,
    moved_at timestamptz not null
) on commit drop;

-- name: fill_expected_units
-- Stocked units that left or came back on a shelf since go-live. A fulfilment that was cancelled left nothing out; one
-- that had left before go-live came back with its end. A location without a code has none here (rule U1).
insert into expected_units (kind, external_id, order_id, order_line_id, location, quantity, moved_at)
with moved as (
    select
        'shipment' as kind, f.fulfillment_id::text as external_id, f.order_id, l.order_line_id, f.location_id, l.quantity,
        f.created_at as moved_at
    from recon.census_fulfillments as f
    inner join recon.census_fulfillment_lines as l on l.shop = f.shop and l.fulfillment_id = f.fulfillment_id
    where f.shop = %(shop)s and f.status = 'SUCCESS'
    union all
    select
        'restock', 'cancelled/' || f.fulfillment_id, f.order_id, l.order_line_id, f.location_id, l.quantity, f.updated_at
    from recon.census_fulfillments as f
    inner join recon.census_fulfillment_lines as l on l.shop = f.shop and l.fulfillment_id = f.fulfillment_id
    where f.shop = %(shop)s and f.status = 'CANCELLED'
        and f.created_at < %(go_live_on)s::date::timestamp at time zone %(time_zone)s
    union all
    select
        'restock',
        case when source = 'disposition' then 'disposition/' || source_id else source_id || '/' || location_id end,
        order_id, order_line_id, location_id, quantity, restocked_at
    from recon.census_restocks
    where shop = %(shop)s
)

select moved.kind, moved.external_id, moved.order_id, moved.order_line_id, m.code, sum(moved.quantity), moved.moved_at
from moved
inner join recon.census_orders as o on o.shop = %(shop)s and o.order_id = moved.order_id
inner join recon.census_lines as line on line.shop = %(shop)s and line.order_line_id = moved.order_line_id
left join recon.census_variants as v on v.shop = %(shop)s and v.variant_id = line.variant_id
left join recon.census_locations as place on place.shop = %(shop)s and place.location_id = moved.location_id
left join backoffice.value_map as m on m.shop = %(shop)s and m.kind = 'location' and m.key = place.name
where not o.is_test and moved.quantity > 0
    and line.variant_id is not null and coalesce(v.is_tracked, true)
    and moved.moved_at >= %(go_live_on)s::date::timestamp at time zone %(time_zone)s
group by moved.kind, moved.external_id, moved.order_id, moved.order_line_id, m.code, moved.moved_at;

-- name: create_expected_lines
create temporary table expected_lines (
    order_id bigint not null,
    order_line_id bigint not null,
    product text,
    is_stocked boolean not null,
    quantity bigint not null
) on commit drop;

-- name: fill_expected_lines
-- Every line of the shop's orders, with the units its sale is to hold: what is still to be shipped and what left since
-- go-live. What is not stocked need not be on a sale.
insert into expected_lines (order_id, order_line_id, product, is_stocked, quantity)
select
    line.order_id,
    line.order_line_id,
    line.variant_id::text,
    line.variant_id is not null and coalesce(v.is_tracked, true),
    line.unfulfilled_quantity + coalesce(gone.quantity, 0)
from recon.census_lines as line
inner join recon.census_orders as o on o.shop = line.shop and o.order_id = line.order_id
left join recon.census_variants as v on v.shop = line.shop and v.variant_id = line.variant_id
left join (
    select l.order_line_id, sum(l.quantity) as quantity
    from recon.census_fulfillments as f
    inner join recon.census_fulfillment_lines as l on l.shop = f.shop and l.fulfillment_id = f.fulfillment_id
    where f.shop = %(shop)s and f.status = 'SUCCESS'
        and f.created_at >= %(go_live_on)s::date::timestamp at time zone %(time_zone)s
    group by l.order_line_id
) as gone on gone.order_line_id = line.order_line_id
where line.shop = %(shop)s and not o.is_test;

-- name: create_expected_receivables
create temporary table expected_receivables (
    order_id bigint not null primary key,
    amount numeric not null
) on commit drop;

-- name: fill_expected_receivables
-- What the books are to leave open of an order: what the shop says is outstanding, less the adjustments that are left out
-- of the books. Only of an order that lies wholly in the books and was paid in the shop's currency, for conversion leaves
-- a rest; and of none with money authorised and not captured, which the shop does not count as outstanding.
insert into expected_receivables (order_id, amount)
with sold as (
    select
        order_id,
        coalesce(sum(total) filter (where is_left_out), 0) as left_out,
        bool_and(is_in_books or is_left_out) as is_whole
    from expected_sales
    group by order_id
),

moved as (
    select
        t.order_id,
        bool_and(booked.transaction_id is not null)
            filter (where t.kind in ('SALE', 'CAPTURE', 'REFUND', 'CHANGE')) as is_whole,
        coalesce(sum(t.amount) filter (where t.kind in ('AUTHORIZATION', 'EMV_AUTHORIZATION')), 0)
        > coalesce(sum(t.amount) filter (where t.kind = 'CAPTURE'), 0)
        and not bool_or(t.kind = 'VOID') as is_authorised
    from recon.census_transactions as t
    left join expected_payments as booked on booked.transaction_id = t.transaction_id
    where t.shop = %(shop)s and t.status = 'SUCCESS'
    group by t.order_id
)

select o.order_id, o.total_outstanding - sold.left_out
from sold
inner join recon.census_orders as o on o.shop = %(shop)s and o.order_id = sold.order_id
left join moved on moved.order_id = sold.order_id
where o.currency = o.presentment_currency and sold.is_whole
    and coalesce(moved.is_whole, true) and not coalesce(moved.is_authorised, false);

-- name: create_booked_orders
create temporary table booked_orders (
    order_id bigint not null primary key,
    name text not null,
    currency text not null,
    is_cancelled boolean not null,
    last_at timestamptz not null
) on commit drop;

-- name: fill_booked_orders
-- Orders the shop has and the back office has once, which can be compared line by line; and when the last thing happened
-- that moves their money or units. What is there twice is rule O3's.
insert into booked_orders (order_id, name, currency, is_cancelled, last_at)
select
    o.order_id,
    o.name,
    o.currency,
    o.cancelled_at is not null,
    greatest(o.processed_at, o.cancelled_at, fact.last_at, way.last_at)
from (
    select order_id
    from backoffice.orders
    where shop = %(shop)s
    group by order_id
    having count(*) = 1
) as held
inner join recon.census_orders as o on o.shop = %(shop)s and o.order_id = held.order_id
left join expected_orders as fact on fact.order_id = held.order_id
left join (
    select order_id, max(updated_at) as last_at
    from recon.census_fulfillments
    where shop = %(shop)s
    group by order_id
) as way on way.order_id = held.order_id
where not o.is_test;

-- name: analyze
analyze expected_sales, expected_payments, expected_orders, booked_documents, expected_balance, expected_units,
    expected_lines, expected_receivables, booked_orders;
