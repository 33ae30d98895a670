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
-- What is left in the ledger when a run ends, and what of it is money.
with left_over as (
    select
        count(*) filter (where class not in ('in_transit', 'attention')) as open_breaks,
        count(*) filter (where class = 'in_transit') as in_transit,
        count(distinct rule) filter (where class not in ('in_transit', 'attention')) as broken_rules,
        count(distinct entity) filter (where class not in ('in_transit', 'attention') and rule = 'Y6') as broken_accounts
    from recon.breaks
    where shop = %(shop)s and status = 'open'
),

money as (
    select coalesce(jsonb_object_agg(currency, amount::text), '{}') as amounts
    from (
        select currency, sum(amount_at_risk) as amount
        from recon.open_breaks
        where shop = %(shop)s and amount_at_risk is not null and class not in ('in_transit', 'attention')
        group by currency
    ) as per_currency
)

update recon.runs
set finished_at = %(now)s,
    rules = %(rules)s,
    open_breaks = left_over.open_breaks,
    in_transit = left_over.in_transit,
    amount_at_risk = money.amounts,
    rules_score = round(1 - left_over.broken_rules::numeric / nullif(%(rule_count)s::bigint, 0), 4),
    clearing_score = round(1 - left_over.broken_accounts::numeric / nullif(%(accounts)s::bigint, 0), 4)
from left_over, money
where run_id = %(run_id)s;

-- name: run_rules
insert into recon.run_rules (
    run_id, shop, rule, title, severity, checked, open_breaks, in_transit, accepted, seconds
)
select
    %(run_id)s,
    %(shop)s,
    ran.rule,
    ran.title,
    ran.severity,
    ran.checked,
    count(b.break_id) filter (where b.status = 'open' and b.class not in ('in_transit', 'attention')),
    count(b.break_id) filter (where b.status = 'open' and b.class = 'in_transit'),
    count(b.break_id) filter (where b.status = 'accepted'),
    ran.seconds
from unnest(%(rules)s::text[], %(titles)s::text[], %(severities)s::text[], %(checked)s::bigint[], %(seconds)s::numeric[])
    as ran (rule, title, severity, checked, seconds)
left join recon.breaks as b on b.shop = %(shop)s and b.rule = ran.rule and b.status in ('open', 'accepted')
group by ran.rule, ran.title, ran.severity, ran.checked, ran.seconds;

-- name: run_amounts
insert into recon.run_amounts (run_id, shop, rule, currency, open_breaks, amount_at_risk)
select %(run_id)s, %(shop)s, rule, currency, count(*), sum(amount_at_risk)
from recon.open_breaks
where shop = %(shop)s and amount_at_risk is not null
    and class not in ('in_transit', 'attention')
group by rule, currency;

-- name: sighted
-- What this run found, before the ledger knows it.
create temporary table sighted (
    break_id text primary key,
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
    since timestamptz
);

-- name: sighted_copy
copy sighted (
    break_id, rule, class, severity, entity, key, expected, actual, difference, currency, message, proposed_repair, since
) from stdin;

-- name: sighted_analyze
analyze sighted;

-- name: sighted_drop
drop table sighted;

-- name: events_of_sighted
-- Before the ledger is brought up to date: what is new about each difference. An acceptance holds as long as both sides
-- say what they said when it was given, and its last day is not past.
insert into recon.break_events (
    break_id, shop, run_id, happened_at, event, class, expected, actual, difference, currency, who, why
)
select
    seen.break_id, %(shop)s, %(run_id)s, %(now)s, what.event, seen.class, seen.expected, seen.actual, seen.difference,
    seen.currency,
    case when what.event = 'acceptance_ended' then held.accepted_by end,
    case when what.event = 'acceptance_ended' then
        case when held.accepted_until < %(today)s then 'its last day is past' else 'the two sides say something else' end
    end
from sighted as seen
left join recon.breaks as held using (break_id)
cross join lateral (
    select
        (seen.expected, seen.actual, seen.difference, seen.currency)
        is distinct from (held.expected, held.actual, held.difference, held.currency) as is_other
) as sides
cross join lateral (
    select case
        when held.break_id is null then 'opened'
        when held.status in ('closed', 'auto_repaired') then 'reopened'
        when held.status = 'accepted' and (sides.is_other or held.accepted_until < %(today)s) then 'acceptance_ended'
        when held.class = 'in_transit' and seen.class <> 'in_transit' then 'overdue'
        when sides.is_other or held.class <> seen.class then 'changed'
    end as event
) as what
where what.event is not null;

-- name: end_acceptances
update recon.breaks as held
set status = 'open'
from sighted as seen
where seen.break_id = held.break_id and held.status = 'accepted'
    and (
        held.accepted_until < %(today)s
        or (seen.expected, seen.actual, seen.difference, seen.currency)
        is distinct from (held.expected, held.actual, held.difference, held.currency)
    );

-- name: sight
-- A difference seen again keeps its first sighting. A repair is asked for again only when it came back or a side changed.
insert into recon.breaks as held (
    break_id, shop, rule, class, severity, entity, key, expected, actual, difference, currency, message,
    proposed_repair, since, first_seen, last_seen, last_run, runs_seen, status
)
select
    break_id, %(shop)s, rule, class, severity, entity, key, expected, actual, difference, currency, message,
    proposed_repair, since, %(now)s, %(now)s, %(run_id)s, 1, 'open'
from sighted
on conflict (break_id) do update
set status = case when held.status = 'accepted' then 'accepted' else 'open' end,
    accepted_by = case when held.status = 'accepted' then held.accepted_by end,
    accepted_because = case when held.status = 'accepted' then held.accepted_because end,
    accepted_at = case when held.status = 'accepted' then held.accepted_at end,
    accepted_until = case when held.status = 'accepted' then held.accepted_until end,
    repair_asked_run = case
        when held.status not in ('closed', 'auto_repaired')
            and (held.class, held.expected, held.actual, held.difference, held.currency)
            is not distinct from (excluded.class, excluded.expected, excluded.actual, excluded.difference, excluded.currency)
        then held.repair_asked_run
    end,
    class = excluded.class,
    severity = excluded.severity,
    expected = excluded.expected,
    actual = excluded.actual,
    difference = excluded.difference,
    currency = excluded.currency,
    message = excluded.message,
    proposed_repair = excluded.proposed_repair,
    since = excluded.since,
    last_seen = excluded.last_seen,
    last_run = excluded.last_run,
    runs_seen = held.runs_seen + 1,
    closed_at = null;

-- name: close_unseen
-- What no rule finds any more is over, accepted or not; it was repaired when it was never seen again after that was asked.
with gone as (
    update recon.breaks
    set status = case when status = 'open' and repair_asked_run = last_run then 'auto_repaired' else 'closed' end,
        closed_at = %(now)s
    where shop = %(shop)s and status in ('open', 'accepted') and last_run < %(run_id)s
    returning break_id, status, class, expected, actual, difference, currency
),

told as (
    insert into recon.break_events (
        break_id, shop, run_id, happened_at, event, class, expected, actual, difference, currency
    )
    select break_id, %(shop)s, %(run_id)s, %(now)s, status, class, expected, actual, difference, currency
    from gone
)

select count(*) from gone where status = 'auto_repaired';

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

-- name: breaks_begin
-- Ids of breaks that begin so; one more than is needed to tell that there are several.
select break_id
from recon.breaks
where shop = %(shop)s and starts_with(break_id, %(beginning)s)
order by break_id
limit 2;

-- name: accept
-- A person takes responsibility for a difference; it stays in the ledger with their words.
with accepted as (
    update recon.breaks
    set status = 'accepted',
        accepted_by = %(by)s,
        accepted_because = %(because)s,
        accepted_at = %(now)s,
        accepted_until = %(until)s
    where shop = %(shop)s and break_id = %(break_id)s and status = 'open'
    returning break_id, class, expected, actual, difference, currency
)

insert into recon.break_events (
    break_id, shop, happened_at, event, class, expected, actual, difference, currency, who, why, until
)
select break_id, %(shop)s, %(now)s, 'accepted', class, expected, actual, difference, currency, %(by)s, %(because)s, %(until)s
from accepted
returning break_id;

-- name: to_repair
-- Open breaks of these rules and classes whose repair was not asked for automatically since they are as they are.
select break_id
from recon.breaks
where shop = %(shop)s and status = 'open' and repair_asked_run is null
    and (rule, class) in (select rule, class from unnest(%(rules)s::text[], %(classes)s::text[]) as wanted (rule, class))
order by break_id;

-- name: open_entities
select break_id, entity
from recon.breaks
where shop = %(shop)s and break_id = any(%(break_ids)s) and status = 'open'
order by break_id;

-- name: ask_repair
-- last_run: what is not seen after it was repaired by this.
with asked as (
    update recon.breaks
    set repair_asked_run = case when %(is_automatic)s then last_run else repair_asked_run end
    where shop = %(shop)s and break_id = any(%(break_ids)s) and status = 'open'
    returning break_id, class, expected, actual, difference, currency
)

insert into recon.break_events (
    break_id, shop, happened_at, event, class, expected, actual, difference, currency, who
)
select break_id, %(shop)s, %(now)s, 'repair_asked', class, expected, actual, difference, currency, %(who)s
from asked;
