-- What the nightly report tells: the last run of a shop, its breaks, and the two readings it compared.
-- Parameters: shop, run_id, currency, zone, days, top.

-- name: run
-- The last finished run, and whether both readings still are the ones it compared.
select
    r.run_id,
    r.as_of,
    r.finished_at,
    s.as_of as read_at,
    concat_ws(' ', s.product, s.version) as backoffice,
    c.as_of = r.as_of and s.as_of <= r.started_at as is_of_these_readings
from recon.runs as r
inner join recon.censuses as c on c.shop = r.shop
inner join backoffice.snapshots as s on s.shop = r.shop
where r.shop = %(shop)s and r.finished_at is not null
order by r.run_id desc
limit 1;

-- name: currency
-- The shop's currency, as its orders have it.
select mode() within group (order by currency) from recon.census_orders where shop = %(shop)s;

-- name: compared
select rule, title, severity, checked, open_breaks as open, in_transit, accepted
from recon.run_rules
where shop = %(shop)s and run_id = %(run_id)s
order by regexp_replace(rule, '[0-9].*', ''), coalesce(substring(rule from '[0-9]+')::int, 0), rule;

-- name: breaks
-- Of each state the gravest: errors first, then the largest in the shop's currency, then the oldest.
select
    state, of_state, break_id, rule, class as kind, severity, entity, key, expected, actual, difference, currency,
    age_days, message, coalesce(proposed_repair, '') as proposed_repair, accepted_by, accepted_because, accepted_until
from (
    select
        *,
        count(*) over (partition by state) as of_state,
        row_number() over (
            partition by state
            order by severity, (currency is not distinct from %(currency)s) desc, abs(difference) desc nulls last,
                age_days desc, rule, entity, key
        ) as place
    from (
        select
            *,
            case
                when status = 'accepted' then 'accepted'
                when class in ('in_transit', 'attention') then class
                else 'open'
            end as state,
            greatest(floor(extract(epoch from last_seen - coalesce(since, first_seen)) / 86400), 0)::integer as age_days
        from recon.breaks
        where shop = %(shop)s and status in ('open', 'accepted')
    ) as held
) as ranked
where place <= %(top)s
order by state, place;

-- name: at_risk
select currency, sum(amount_at_risk)
from recon.run_amounts
where shop = %(shop)s and run_id = %(run_id)s
group by currency;

-- name: open
select count(*) filter (where severity = 'error') as errors, max(age_days) as oldest_days
from recon.open_breaks
where shop = %(shop)s and class not in ('in_transit', 'attention');

-- name: ages
select rule, age_bucket as age, count(*) as breaks
from recon.open_breaks
where shop = %(shop)s and class not in ('in_transit', 'attention')
group by rule, age_bucket;

-- name: totals
-- Control totals of the last days, from what the books should hold (the temporary tables) and what they hold.
with days as (
    select generate_series(
        greatest((max(day) - (%(days)s - 1)), min(day))::timestamp, max(day)::timestamp, interval '1 day'
    )::date as day
    from (
        select (as_of at time zone %(zone)s)::date as day from recon.censuses where shop = %(shop)s
        union all
        select (happened_at at time zone %(zone)s)::date from expected_sales where is_in_books
        union all
        select (processed_at at time zone %(zone)s)::date from expected_payments
    ) as facts
),

figures as (
    select
        (happened_at at time zone %(zone)s)::date as day,
        'shop' as side,
        sum(total) filter (where action_type <> 'RETURN') as sold,
        sum(tax) as tax,
        sum(total) filter (where action_type = 'RETURN') as returned,
        0::numeric as paid,
        0::numeric as given_back
    from expected_sales
    where is_in_books
    group by 1
    union all
    select
        (processed_at at time zone %(zone)s)::date, 'shop', 0, 0, 0,
        sum(amount) filter (where amount > 0), sum(amount) filter (where amount < 0)
    from expected_payments
    group by 1
    union all
    select
        dated_on, 'books', sum(total) filter (where action_type <> 'RETURN'), sum(tax),
        sum(total) filter (where action_type = 'RETURN'), 0, 0
    from backoffice.documents
    where shop = %(shop)s and state in ('posted', 'paid') and currency = %(currency)s
    group by 1
    union all
    select paid_on, 'books', 0, 0, 0, sum(amount) filter (where amount > 0), sum(amount) filter (where amount < 0)
    from backoffice.payments
    where shop = %(shop)s
    group by 1
)

select
    days.day,
    named.figure,
    coalesce(sum(named.amount) filter (where figures.side = 'shop'), 0) as shop,
    coalesce(sum(named.amount) filter (where figures.side = 'books'), 0) as books
from days
left join figures on figures.day = days.day
cross join lateral (
    values
    ('sold', figures.sold), ('tax', figures.tax), ('returned', figures.returned), ('paid', figures.paid),
    ('given_back', figures.given_back)
) as named (figure, amount)
group by days.day, named.figure
order by days.day, named.figure;

-- name: clearing
-- The books by account; what the shop says is what the account's rule left as its difference.
with accounts as (
    select
        code as account,
        string_agg(key, ', ' order by key) as gateways,
        case when bool_or(key in ('gift_card', 'shopify_store_credit')) then 'G1' else 'Y6' end as rule
    from backoffice.value_map
    where shop = %(shop)s and kind = 'gateway'
    group by code
),

booked as (
    select account, sum(amount) as amount
    from backoffice.totals
    where shop = %(shop)s
    group by account
)

select
    a.account,
    a.gateways,
    a.rule,
    case when r.checked > 0 then coalesce(b.amount, 0) - coalesce(found.difference, 0) end as shop,
    coalesce(b.amount, 0) as books,
    case when found.status = 'accepted' then 'accepted' else found.class end as state
from accounts as a
left join booked as b on b.account = a.account
left join recon.run_rules as r on r.shop = %(shop)s and r.run_id = %(run_id)s and r.rule = a.rule
left join recon.breaks as found
    on found.shop = %(shop)s and found.rule = a.rule and found.status in ('open', 'accepted')
    and found.entity = 'accounts/' || a.account
order by a.rule desc, a.account;

-- name: payouts
select payout_id, status, issued_at, currency, case when direction = 'WITHDRAWAL' then -abs(net) else net end as net
from recon.census_payouts
where shop = %(shop)s and status in ('SCHEDULED', 'IN_TRANSIT')
order by issued_at, payout_id;

-- name: runs
-- The newest runs that ended, oldest first.
select run_id, as_of, open, in_transit, amount_at_risk
from (
    select run_id, as_of, open_breaks as open, in_transit, amount_at_risk
    from recon.runs
    where shop = %(shop)s and finished_at is not null and run_id <= %(run_id)s
    order by run_id desc
    limit 30
) as newest
order by run_id;

-- name: residuals
select what, presentment_currency, currency, count(*) as orders, sum(residual) as residual
from recon.fx_residuals
where shop = %(shop)s
group by what, presentment_currency, currency
order by what, presentment_currency;
