-- The break ledger and its runs.

-- name: bounds
-- When the shop was last counted; null when the back office was never read.
select c.as_of
from recon.censuses as c
inner join backoffice.snapshots as s on s.shop = c.shop
where c.shop = %(shop)s;

-- name: run_begin
insert into recon.runs (shop, as_of, started_at)
values (%(shop)s, %(as_of)s, %(now)s)
returning run_id;

-- name: run_end
update recon.runs
set finished_at = %(now)s, rules = %(rules)s
where run_id = %(run_id)s;

-- name: sight
-- A difference seen again keeps its first sighting. One that was closed opens again; one that was accepted stays so only
-- as long as both sides say what they said when it was accepted.
insert into recon.breaks as held (
    break_id, shop, rule, class, severity, entity, key, expected, actual, difference, currency, message,
    proposed_repair, since, first_seen, last_seen, runs_seen, status
)
values (
    %(break_id)s, %(shop)s, %(rule)s, %(class)s, %(severity)s, %(entity)s, %(key)s, %(expected)s, %(actual)s, %(difference)s,
    %(currency)s, %(message)s, %(proposed_repair)s, %(since)s, %(now)s, %(now)s, 1, 'open'
)
on conflict (break_id) do update
set class = excluded.class,
    severity = excluded.severity,
    expected = excluded.expected,
    actual = excluded.actual,
    difference = excluded.difference,
    currency = excluded.currency,
    message = excluded.message,
    proposed_repair = excluded.proposed_repair,
    since = excluded.since,
    last_seen = excluded.last_seen,
    runs_seen = held.runs_seen + 1,
    status = case
        when held.status = 'accepted'
            and held.expected is not distinct from excluded.expected
            and held.actual is not distinct from excluded.actual then 'accepted'
        else 'open'
    end,
    closed_at = null;

-- name: close_unseen
-- What no rule finds any more is over, accepted or not.
update recon.breaks
set status = 'closed', closed_at = %(now)s
where shop = %(shop)s and status in ('open', 'accepted') and not break_id = any(%(break_ids)s::text[]);

-- name: clear_residuals
delete from recon.fx_residuals where shop = %(shop)s;

-- name: keep_residuals
-- Of an order that lies wholly in the books and was paid in another currency: its ledger in the shop's currency against
-- the shop's own sums, as far as both say the same in the customer's.
insert into recon.fx_residuals (shop, order_id, what, ledger, told, residual, currency, presentment_currency)
with sums as (
    select
        order_id,
        coalesce(sum(total) filter (where line_type <> 'ADJUSTMENT'), 0) as total,
        coalesce(sum(presentment_total) filter (where line_type <> 'ADJUSTMENT'), 0) as presentment_total,
        sum(tax) as tax,
        sum(presentment_tax) as presentment_tax
    from expected_sales
    group by order_id
    having bool_and(is_in_books or is_left_out)
),

compared as (
    select
        o.order_id, o.currency, o.presentment_currency, figure.what, figure.ledger, figure.told
    from sums as s
    inner join recon.census_orders as o on o.shop = %(shop)s and o.order_id = s.order_id
    cross join lateral (
        values
        ('total', s.total, o.current_total, s.presentment_total = o.presentment_current_total),
        ('tax', s.tax, o.current_tax, s.presentment_tax = o.presentment_current_tax)
    ) as figure (what, ledger, told, is_equal)
    where o.presentment_currency <> o.currency and figure.is_equal
)

select %(shop)s, order_id, what, ledger, told, ledger - told, currency, presentment_currency
from compared
where ledger <> told;

-- name: open_counts
select rule, class, count(*)
from recon.breaks
where shop = %(shop)s and status = 'open'
group by rule, class
order by rule, class;

-- name: orders_of_breaks
-- The orders that open breaks are about.
select distinct split_part(entity, '/', 2)
from recon.breaks
where shop = %(shop)s and break_id = any(%(break_ids)s) and status = 'open' and entity like 'orders/%%';

-- name: accept
-- A person takes responsibility for a difference; it stays in the ledger with their words.
update recon.breaks
set status = 'accepted', accepted_by = %(by)s, accepted_because = %(because)s
where shop = %(shop)s and break_id = %(break_id)s and status = 'open'
returning break_id;
