-- What was sold, taxed, returned, paid and given back on a day is the same in shop and books.
-- source: the census's sales and transactions by the day they happened in the shop's time zone, against the snapshot's
-- posted documents by the day they are dated and its payments by the day they were paid, from go-live on. sales are
-- documents of the actions ORDER and UPDATE, returns those of RETURN, both with tax; tax is that of all; money goes in or
-- out by its sign. key: day and figure, in the shop's currency or with another one's name. A second witness: it reports
-- what O1, O5, O6, P1, P2, P5, R1, R2a, R3 and L3 name one by one, and two errors of a day that offset are theirs alone.

-- name: checked
select count(*)
from (
    select (happened_at at time zone %(time_zone)s)::date
    from expected_sales
    where is_in_books
    union
    select (processed_at at time zone %(time_zone)s)::date
    from expected_payments
) as days;

-- name: differences
with home as (
    select mode() within group (order by currency) as currency
    from recon.census_orders
    where shop = %(shop)s
),

owed_documents as (
    select
        (s.happened_at at time zone %(time_zone)s)::date as day, o.currency, s.action_type, s.total, s.tax, s.happened_at
    from expected_sales as s
    inner join recon.census_orders as o on o.shop = %(shop)s and o.order_id = s.order_id
    where s.is_in_books
),

owed as (
    select
        day, currency, case action_type when 'RETURN' then 'returns' else 'sales' end as figure, total as amount,
        happened_at
    from owed_documents
    union all
    select day, currency, 'tax', tax, happened_at
    from owed_documents
    union all
    select
        (e.processed_at at time zone %(time_zone)s)::date, o.currency,
        case when e.amount < 0 then 'payments out' else 'payments in' end, e.amount, e.processed_at
    from expected_payments as e
    inner join recon.census_orders as o on o.shop = %(shop)s and o.order_id = e.order_id
),

booked_on_days as (
    select
        b.dated_on as day, b.currency, b.action_type, b.total, b.tax,
        least((b.dated_on + 1)::timestamp at time zone %(time_zone)s, %(as_of)s) as seen_at,
        s.agreement_id is not null as is_owed
    from backoffice.documents as b
    left join (
        select distinct agreement_id, action_type from expected_sales where is_in_books
    ) as s on s.agreement_id = b.agreement_id and s.action_type = b.action_type
    where b.shop = %(shop)s and b.state in ('posted', 'paid') and b.dated_on >= %(go_live_on)s
),

booked as (
    select
        day, currency, case action_type when 'RETURN' then 'returns' else 'sales' end as figure, total as amount, seen_at,
        is_owed
    from booked_on_days
    union all
    select day, currency, 'tax', tax, seen_at, is_owed
    from booked_on_days
    union all
    select
        p.paid_on, home.currency, case when p.amount < 0 then 'payments out' else 'payments in' end, p.amount,
        least((p.paid_on + 1)::timestamp at time zone %(time_zone)s, %(as_of)s),
        e.transaction_id is not null
    from backoffice.payments as p
    cross join home
    left join expected_payments as e on e.transaction_id = p.transaction_id
    where p.shop = %(shop)s and p.paid_on >= %(go_live_on)s
),

owed_sums as (
    select day, currency, figure, sum(amount) as amount, max(happened_at) as last_at
    from owed
    group by day, currency, figure
),

booked_sums as (
    select
        day, currency, figure, sum(amount) as amount, max(seen_at) as seen_at,
        max(seen_at) filter (where not is_owed) as foreign_at
    from booked
    group by day, currency, figure
),

compared as (
    select
        coalesce(o.day, b.day) as day,
        coalesce(o.currency, b.currency) as currency,
        coalesce(o.figure, b.figure) as figure,
        coalesce(o.amount, 0) as owed,
        coalesce(b.amount, 0) as booked,
        coalesce(greatest(o.last_at, b.foreign_at), b.seen_at) as since
    from owed_sums as o
    full join booked_sums as b on b.day = o.day and b.currency = o.currency and b.figure = o.figure
)

select
    'days/' || c.day as entity,
    c.figure || case when c.currency = home.currency then '' else ' in ' || c.currency end as key,
    'amount_mismatch' as class,
    c.owed::text as expected,
    c.booked::text as actual,
    c.booked - c.owed as difference,
    c.currency,
    c.since,
    concat(c.day, ': ', c.figure, ' are ', c.owed, ' ', c.currency, ' in the shop and ', c.booked, ' in the books') as message
from compared as c
cross join home
where c.owed <> c.booked
order by c.day, key;
