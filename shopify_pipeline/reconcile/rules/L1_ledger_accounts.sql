-- Every document and payment stands on the accounts the value map says, each with its amount.
-- source: the census's sales, lines and transactions, through the value map, against debit minus credit in the back
-- office's own ledger. Where revenue waits for fulfillment, goods are sold on the deferred account. key: document (or
-- payment) and account. Neighbours: what is not booked at all is O5's, R1's and P1's; a word without an entry U1's; what
-- is owed by whom L4's. Entries are not judged here: releases are F4's, the balance's Y3 to Y7, credit G1's.

-- name: checked
select (
    select count(distinct external_id) from booked_documents
) + (
    select count(*) from backoffice.payments where shop = %(shop)s
);

-- name: differences
with account as (
    select kind, key, code
    from backoffice.value_map
    where shop = %(shop)s
),

special as (
    select
        max(code) filter (where key = 'receivable') as receivable,
        max(code) filter (where key = 'tax') as tax,
        coalesce(max(code) filter (where key = 'channel_tax'), max(code) filter (where key = 'tax')) as channel_tax,
        max(code) filter (where key = 'rounding') as rounding,
        max(code) filter (where key = 'deferred') as deferred
    from account
    where kind = 'account'
),

sales as (
    select
        s.order_id, s.agreement_id, s.action_type,
        case
            when s.line_type <> 'PRODUCT' then line.code
            when %(recognition)s = 'fulfillment' and ordered.order_line_id is not null then special.deferred
            else coalesce(own.code, line.code)
        end as code,
        max(s.happened_at) as happened_at, sum(s.total) as total, sum(s.tax) as tax, sum(s.channel_tax) as channel_tax
    from expected_sales as s
    cross join special
    left join account as line on line.kind = 'line' and line.key = s.line_type
    left join recon.census_lines as ordered on ordered.shop = %(shop)s and ordered.order_line_id = s.order_line_id
    left join account as own on own.kind = 'product_type' and own.key = ordered.product_type
    where s.is_in_books
    group by 1, 2, 3, 4
),

document as (
    select
        order_id, agreement_id, action_type, max(happened_at) as happened_at, sum(total) as total, sum(tax) as tax,
        sum(channel_tax) as channel_tax
    from sales
    group by order_id, agreement_id, action_type
    having bool_and(code is not null)
),

legs as (
    select d.order_id, d.agreement_id, d.action_type, d.happened_at, s.code as account, s.tax - s.total as amount
    from sales as s
    inner join document as d
        on d.order_id = s.order_id and d.agreement_id = s.agreement_id and d.action_type = s.action_type
    union all
    select d.order_id, d.agreement_id, d.action_type, d.happened_at, leg.account, leg.amount
    from document as d
    cross join special
    cross join lateral (
        values
        (special.tax, d.channel_tax - d.tax), (special.channel_tax, -d.channel_tax), (special.receivable, d.total)
    ) as leg (account, amount)
    where leg.amount <> 0 or leg.account = special.receivable
),

money as (
    select e.order_id, e.transaction_id::text as external_id, e.processed_at, gateway.code, e.amount, e.rounding
    from expected_payments as e
    inner join account as gateway on gateway.kind = 'gateway' and gateway.key = e.gateway
),

owed_lines as (
    select order_id, agreement_id || '/' || action_type as external_id, happened_at, account, amount
    from legs
    union all
    select order_id, external_id, processed_at, code, amount + rounding
    from money
    union all
    select order_id, external_id, processed_at, (select rounding from special), -rounding
    from money
    where rounding <> 0
    union all
    select order_id, external_id, processed_at, (select receivable from special), -amount
    from money
),

booked_ids as (
    select external_id from booked_documents
    union
    select external_id from backoffice.payments where shop = %(shop)s
),

-- The order of an id is the same on each of its lines.
owed as (
    select l.external_id, l.account, min(l.order_id) as order_id, max(l.happened_at) as happened_at, sum(l.amount) as amount
    from owed_lines as l
    inner join booked_ids using (external_id)
    group by l.external_id, l.account
),

subject as (
    select external_id, min(order_id) as order_id, max(happened_at) as happened_at
    from owed
    group by external_id
),

booked as (
    select external_id, account, sum(amount) as amount
    from backoffice.ledger
    where shop = %(shop)s and resource in ('documents', 'payments')
    group by external_id, account
),

differing as (
    select
        coalesce(owed.external_id, booked.external_id) as external_id,
        coalesce(owed.account, booked.account) as account,
        coalesce(owed.amount, 0) as owed_amount,
        coalesce(booked.amount, 0) as booked_amount
    from owed
    full join booked on booked.external_id = owed.external_id and booked.account = owed.account
    where coalesce(owed.amount, 0) <> coalesce(booked.amount, 0)
)

select
    'orders/' || s.order_id as entity,
    d.external_id || ' on ' || d.account as key,
    'amount_mismatch' as class,
    d.owed_amount::text as expected,
    d.booked_amount::text as actual,
    d.booked_amount - d.owed_amount as difference,
    o.currency,
    s.happened_at as since,
    concat(
        'order ', o.name, ', ', d.external_id, ': account ', d.account, ' should hold ', d.owed_amount, ' and holds ', d.booked_amount
    ) as message
from differing as d
inner join subject as s on s.external_id = d.external_id
inner join recon.census_orders as o on o.shop = %(shop)s and o.order_id = s.order_id
order by s.order_id, d.external_id, d.account;
