-- Every document and payment is dated the day its event happened in the shop's time zone.
-- source: the census's agreements and transactions against the days the snapshot says they are of and stand in the ledger
-- on; the latter may be later, when its period was closed, never earlier. key: document or payment. Neighbours: the sums
-- of a day are T1's, what is not booked at all O5's, R1's and P1's.

-- name: checked
select (
    select count(*) from booked_documents
) + (
    select count(*) from backoffice.payments where shop = %(shop)s
);

-- name: differences
with event as (
    select distinct order_id, agreement_id || '/' || action_type as external_id, happened_at
    from expected_sales
    where is_in_books
    union all
    select order_id, transaction_id::text, processed_at
    from expected_payments
),

booked as (
    select external_id, dated_on, booked_on
    from backoffice.documents
    where shop = %(shop)s and state in ('posted', 'paid')
    union all
    select p.external_id, p.paid_on, coalesce(l.booked_on, p.paid_on)
    from backoffice.payments as p
    left join (
        select external_id, min(booked_on) as booked_on
        from backoffice.ledger
        where shop = %(shop)s and resource = 'payments'
        group by external_id
    ) as l on l.external_id = p.external_id
    where p.shop = %(shop)s
),

compared as (
    select
        event.order_id,
        event.external_id,
        event.happened_at,
        (event.happened_at at time zone %(time_zone)s)::date as happened_on,
        booked.dated_on,
        booked.booked_on
    from event
    inner join booked on booked.external_id = event.external_id
)

select
    'orders/' || c.order_id as entity,
    c.external_id as key,
    'status_mismatch' as class,
    c.happened_on::text as expected,
    case when c.dated_on <> c.happened_on then c.dated_on else c.booked_on end::text as actual,
    null::numeric as difference,
    null::text as currency,
    c.happened_at as since,
    concat(
        'order ', o.name, ', ', c.external_id, ' happened on ', c.happened_on, ' and is dated ', c.dated_on,
        ', booked ', c.booked_on
    ) as message
from compared as c
inner join recon.census_orders as o on o.shop = %(shop)s and o.order_id = c.order_id
where c.dated_on <> c.happened_on or c.booked_on < c.happened_on
order by c.order_id, c.external_id;
