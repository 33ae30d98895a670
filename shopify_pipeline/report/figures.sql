-- What the last run of a shop says in numbers.
-- Parameters: shop, run_id.

-- name: run
select
    run_id,
    as_of,
    coalesce(open_breaks, 0) as open,
    coalesce(in_transit, 0) as in_transit,
    rules_score,
    clearing_score,
    (select currency from ops.shops where shops.shop = runs.shop) as currency
from recon.runs
where shop = %(shop)s and finished_at is not null
order by run_id desc
limit 1;

-- name: rules
-- The run's rules in the order people read them.
select
    ran.rule,
    ran.title,
    ran.severity,
    ran.checked,
    ran.open_breaks as open,
    ran.in_transit,
    ran.accepted,
    (
        select max(b.age_days)
        from recon.open_breaks as b
        where b.shop = ran.shop and b.rule = ran.rule and b.class not in ('in_transit', 'attention')
    ) as oldest_days,
    coalesce(
        (
            select jsonb_object_agg(a.currency, a.amount_at_risk::text)
            from recon.run_amounts as a
            where a.shop = ran.shop and a.run_id = ran.run_id and a.rule = ran.rule
        ),
        '{}'
    ) as amount_at_risk
from recon.run_rules as ran
where ran.shop = %(shop)s and ran.run_id = %(run_id)s
order by regexp_replace(ran.rule, '[0-9].*', ''), coalesce(substring(ran.rule from '[0-9]+')::int, 0), ran.rule;
