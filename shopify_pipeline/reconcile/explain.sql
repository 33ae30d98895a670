-- A break as it is told: itself, its history, and which tables have rows of what it is about.

-- name: breaks
-- Age by the last sighting, as in recon.open_breaks.
select
    b.break_id, b.rule, b.class, b.severity, b.status, b.entity, b.key, b.expected, b.actual, b.difference, b.currency,
    o.age_days, o.age_bucket, o.amount_at_risk, b.since, b.first_seen, b.last_seen, b.runs_seen, b.closed_at, b.accepted_by,
    b.accepted_because, b.accepted_until, b.message, b.proposed_repair
from recon.breaks as b
left join recon.open_breaks as o using (break_id)
where b.shop = %(shop)s
    and b.status = any(%(statuses)s)
    and (%(rule)s::text is null or b.rule = %(rule)s)
    and (%(class)s::text is null or b.class = %(class)s)
    and (%(break_id)s::text is null or b.break_id = %(break_id)s)
order by b.first_seen, b.rule, b.entity, b.key, b.break_id;

-- name: history
select event_id, happened_at, event, run_id, class, expected, actual, difference, currency, who, why, until
from recon.break_events
where shop = %(shop)s and break_id = %(break_id)s
order by event_id;

-- name: columns
-- Tables of one side by name, each with its columns in order.
select tables.table_name, array_agg(columns.column_name::text order by columns.ordinal_position)
from information_schema.tables as tables
inner join information_schema.columns as columns
    on columns.table_schema = tables.table_schema and columns.table_name = tables.table_name
where tables.table_schema = %(schema)s and tables.table_type = 'BASE TABLE'
group by tables.table_name
order by tables.table_name;

-- name: product_of_variant
select product_id from shopify.variants where shop = %(shop)s and variant_id = %(number)s;
