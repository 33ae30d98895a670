-- The census of a shop: what came waits in temporary tables incoming_*, then replaces the last census as a whole.
-- Sales, their taxes and their agreements arrive apart and are joined here.

-- name: take_turns
-- Two censuses of one shop would replace each other's rows at the same time.
select pg_advisory_xact_lock(hashtextextended('census/' || %(shop)s, 0));

-- name: create_incoming_agreements
create temporary table incoming_agreements (
    agreement_id bigint not null,
    order_id bigint not null,
    agreement_type text not null,
    happened_at timestamptz not null,
    refund_id bigint
);

-- name: create_incoming_sales
create temporary table incoming_sales (
    shop text not null,
    sale_id bigint not null,
    agreement_id bigint not null,
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
    presentment_discount_with_tax numeric not null
);

-- name: create_incoming_sale_taxes
create temporary table incoming_sale_taxes (
    shop text not null,
    sale_id bigint not null,
    position bigint not null,
    title text not null,
    rate numeric,
    channel_liable boolean,
    amount numeric not null
);

-- name: refunds_to_ask
select refund_id
from incoming_refunds
order by refund_id;

-- name: fulfillments_to_ask
select fulfillment_id
from incoming_fulfillments
order by fulfillment_id;

-- name: lost
-- Parts whose whole did not come: (what, how many), only what there is any of.
select what, count(*)
from (
    select 'sales' as what
    from incoming_sales as s
    left join incoming_agreements as a on a.agreement_id = s.agreement_id
    left join incoming_orders as o on o.order_id = a.order_id
    where o.order_id is null
    union all
    select 'order lines'
    from incoming_lines as l
    where not exists (select from incoming_orders as o where o.order_id = l.order_id)
    union all
    select 'refunds'
    from incoming_agreements as a
    where a.refund_id is not null
        and not exists (select from incoming_refunds as r where r.refund_id = a.refund_id)
    union all
    select 'order lines of sales'
    from incoming_sales as s
    where s.order_line_id is not null
        and not exists (select from incoming_lines as l where l.order_line_id = s.order_line_id)
) as part
group by what
order by what;

-- name: keep_sales
insert into recon.census_sales (
    shop, order_id, agreement_id, agreement_type, happened_at, refund_id, sale_id, action_type, line_type, order_line_id,
    quantity, total, tax, channel_tax, discount, presentment_total, presentment_tax, presentment_discount,
    presentment_discount_with_tax
)
select
    s.shop, a.order_id, a.agreement_id, a.agreement_type, a.happened_at, a.refund_id, s.sale_id, s.action_type, s.line_type,
    s.order_line_id, s.quantity, s.total, s.tax, s.channel_tax, s.discount, s.presentment_total, s.presentment_tax,
    s.presentment_discount, s.presentment_discount_with_tax
from incoming_sales as s
inner join incoming_agreements as a on a.agreement_id = s.agreement_id;

-- name: keep_sale_taxes
insert into recon.census_sale_taxes (shop, order_id, sale_id, position, title, rate, channel_liable, amount)
select t.shop, a.order_id, t.sale_id, t.position, t.title, t.rate, t.channel_liable, t.amount
from incoming_sale_taxes as t
inner join incoming_sales as s on s.sale_id = t.sale_id
inner join incoming_agreements as a on a.agreement_id = s.agreement_id;

-- name: stamp
insert into recon.censuses (shop, as_of, taken_at)
values (%(shop)s, %(as_of)s, %(taken_at)s)
on conflict (shop) do update
set as_of = excluded.as_of, taken_at = excluded.taken_at;
