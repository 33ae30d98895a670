-- name: streams
-- How far each stream is: the lag is measured on the shop's clock of the last load, so a shop that stands still is not late.
select
    cursors.stream,
    cursors.cursor_at,
    loads.merged_at,
    loads.mode,
    loads.received,
    loads.loaded,
    loads.superseded,
    loads.quarantined,
    loads.new_versions
from ops.cursors as cursors
inner join ops.loads as loads on loads.load_id = cursors.load_id
where cursors.shop = %(shop)s
order by cursors.stream;

-- name: shop
-- One row, whether the shop was ever reached or not.
select
    asked.shop,
    shops.currency,
    shops.time_zone,
    shops.plan,
    paused.paused_at,
    paused.because as paused_because,
    (select max(merged_at) from ops.loads where loads.shop = asked.shop) as last_sync_at,
    (
        select count(*)
        from recon.breaks
        where breaks.shop = asked.shop and breaks.status = 'open' and breaks.class not in ('in_transit', 'attention')
    ) as open_breaks
from (select %(shop)s::text as shop) as asked
left join ops.shops as shops on shops.shop = asked.shop
left join ops.paused_shops as paused on paused.shop = asked.shop;

-- name: loads
select
    load_id,
    stream,
    mode,
    state,
    window_from,
    window_to,
    received,
    loaded,
    superseded,
    quarantined,
    new_versions,
    rows,
    bytes,
    api_points,
    api_requests,
    seconds,
    newest_change_at,
    window_to - newest_change_at as lag,
    date_trunc('second', %(now)s - window_to) as age,
    started_at,
    landed_at,
    merged_at
from ops.loads
where shop = %(shop)s and load_id = coalesce(%(load_id)s, load_id)
order by load_id desc
limit %(limit)s;

-- name: stages
-- Successes, failures and latency of the last day.
select
    stage,
    count(*) filter (where outcome = 'success') as succeeded,
    count(*) filter (where outcome = 'failed') as failed,
    round(percentile_cont(0.5) within group (order by extract(epoch from finished_at - started_at))::numeric, 1) as p50_seconds,
    round(percentile_cont(0.95) within group (order by extract(epoch from finished_at - started_at))::numeric, 1) as p95_seconds,
    max(finished_at) as last_finished_at,
    (array_agg(message order by finished_at desc) filter (where outcome = 'failed'))[1] as last_error
from ops.stages
where shop = %(shop)s and finished_at > %(now)s - interval '1 day'
group by stage
order by stage;

-- name: backlog
select 'dirty' as what, count(*) as waiting, min(marked_at) as oldest_at from ops.dirty where shop = %(shop)s
union all
select 'hints', count(*), min(received_at)
from ops.inbox
where
    shop = %(shop)s and handled_at is null
    and topic not in ('customers/data_request', 'customers/redact', 'shop/redact')
union all
select 'quarantined roots', count(distinct (stream, root_type, root_id)), min(quarantined_at)
from ops.quarantine
where shop = %(shop)s and released_at is null;

-- name: to_do
-- What no sync does: requests to hand out or delete personal data, and subscriptions that had vanished in the last week.
select topic as what, count(*) as waiting, min(received_at) as oldest_at
from ops.inbox
where
    shop = %(shop)s and handled_at is null
    and topic in ('customers/data_request', 'customers/redact', 'shop/redact')
group by topic
union all
select 'vanished subscription ' || topic, count(*), min(stages.finished_at)
from ops.stages as stages
cross join lateral jsonb_array_elements_text(stages.counts -> 'vanished') as topic
where
    stages.shop = %(shop)s and stages.stage = 'subscribe' and stages.outcome = 'success'
    and stages.finished_at > %(now)s - interval '7 days'
group by topic
order by what;

-- name: not_taken
-- What the back office rejected, or a person changed there, by reason; every push tries it again.
select resource, outcome, reason, count(*) as records, min(external_id) as for_example, max(pushed_at) as last_tried_at
from backoffice.pushes
where shop = %(shop)s and outcome in ('rejected', 'manual_edit')
group by resource, outcome, reason
order by resource, outcome, records desc, reason;

-- name: back_office_paused
select since, until, message from ops.backoffice_pauses where shop = %(shop)s;

-- name: open_breaks
select class, count(*) as open_breaks
from recon.breaks
where shop = %(shop)s and status = 'open'
group by class
order by class;

-- name: quarantine
select
    stream,
    root_type || ' ' || root_id as root,
    rule,
    path,
    message,
    quarantined_at as since,
    raw
from ops.quarantine
where shop = %(shop)s and released_at is null
order by stream, root_type, root_id, rule, path;
