-- What the books should hold, from the census alone: temporary tables that every rule reads.
-- Parameters: shop, go_live_on, time_zone.

-- name: create_expected_sales
create temporary table expected_sales (
    order_id bigint not null,
    agreement_id bigint not null,
    agreement_type text not null,
    happened_at timestamptz not null,
    sale_id bigint not null,
    action_type text not null,
    line_type text not null,
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
-- may have two rates. Only the link of two agreements to one refund comes from the warehouse; amounts never do.
insert into expected_sales (
    order_id, agreement_id, agreement_type, happened_at, sale_id, action_type, line_type, total, tax, channel_tax,
    presentment_total, presentment_tax, is_left_out, is_in_books
)
with sales as (
    select
        s.order_id, s.agreement_id, s.agreement_type, s.happened_at, s.sale_id, s.action_type, s.line_type, s.total, s.tax,
        s.channel_tax, s.presentment_total, s.presentment_tax,
        coalesce(a.refund_id, -s.agreement_id) as refund_key
    from recon.census_sales as s
    inner join recon.census_orders as o on o.shop = s.shop and o.order_id = s.order_id
    left join shopify.order_agreements as a on a.shop = s.shop and a.agreement_id = s.agreement_id
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
    order_id, agreement_id, agreement_type, happened_at, sale_id, action_type, line_type, total, tax, channel_tax,
    presentment_total, presentment_tax, is_left_out,
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

-- name: analyze
analyze expected_sales, expected_payments, expected_orders, booked_documents;
