-- name: cursor
select cursor_at from ops.cursors where shop = %(shop)s and stream = %(stream)s;

-- name: backfill
-- Where what is still to be loaded ends, and whether a slice of it was what was merged last.
select
    backfill_at,
    (
        select mode = 'backfill'
        from ops.loads
        where shop = %(shop)s and stream = %(stream)s and state = 'merged' and mode <> 'roots'
        order by merged_at desc, load_id desc
        limit 1
    ) as was_last
from ops.cursors
where shop = %(shop)s and stream = %(stream)s and backfill_at is not null;

-- name: backfilling
select stream from ops.cursors where shop = %(shop)s and backfill_at is not null order by stream;

-- name: unfinished
select load_id, shop, stream, mode, window_from, window_to, state, landing_prefix, bulk_operations, landed_at
from ops.loads
where shop = %(shop)s and stream = %(stream)s and state in ('extracting', 'landed')
order by load_id
limit 1;

-- name: find
select load_id, shop, stream, mode, window_from, window_to, state, landing_prefix, bulk_operations, landed_at
from ops.loads
where load_id = %(load_id)s;

-- name: remembered
select landing_prefix, window_to, state from ops.loads where shop = %(shop)s;

-- name: open
-- The prefix holds the load's own number, so it is written in the same statement.
with opened as (
    insert into ops.loads (shop, stream, mode, window_from, window_to, state, landing_prefix, started_at)
    values (
        %(shop)s, %(stream)s, %(mode)s, %(window_from)s, %(window_to)s, 'extracting',
        %(shop)s || '/' || %(stream)s || '/' || (nextval('ops.landing_seq'))::text || '/', %(started_at)s
    )
    returning load_id, shop, stream, mode, window_from, window_to, state, landing_prefix, bulk_operations, landed_at
)
select * from opened;

-- name: remember_bulk
update ops.loads
set bulk_operations = bulk_operations || jsonb_build_object(%(name)s::text, %(gid)s::text)
where load_id = %(load_id)s;

-- name: forget_bulk
update ops.loads
set bulk_operations = bulk_operations - %(name)s::text
where load_id = %(load_id)s;

-- name: mark_landed
update ops.loads
set state = 'landed', landed_at = %(landed_at)s
where load_id = %(load_id)s and state = 'extracting';

-- name: note_extraction
update ops.loads
set bytes = %(bytes)s, api_points = %(api_points)s, api_requests = %(api_requests)s, seconds = seconds || %(seconds)s
where load_id = %(load_id)s;

-- name: note_merge
update ops.loads
set rows = %(rows)s, seconds = seconds || %(seconds)s, newest_change_at = %(newest_change_at)s
where load_id = %(load_id)s;

-- name: abandon
update ops.loads set state = 'abandoned' where load_id = %(load_id)s and state in ('extracting', 'landed');

-- name: abandon_dead_roots
-- Which roots were wanted was only known to whoever began it.
update ops.loads
set state = 'abandoned'
where shop = %(shop)s and stream = %(stream)s and mode = 'roots' and state = 'extracting';

-- name: claim
-- Only saves work: correctness comes from the row's state, read under this lock.
select pg_try_advisory_xact_lock(hashtextextended(%(shop)s || '/' || %(stream)s, 0));

-- name: state
select state from ops.loads where load_id = %(load_id)s for update;

-- name: withheld_roots
select distinct root_type, root_id
from ops.quarantine
where shop = %(shop)s and stream = %(stream)s and released_at is null;

-- name: quarantine
-- An old load that is replayed does not replace what a later one complained of.
insert into ops.quarantine as held (shop, stream, root_type, root_id, rule, path, message, raw, load_id, quarantined_at)
values (%(shop)s, %(stream)s, %(root_type)s, %(root_id)s, %(rule)s, %(path)s, %(message)s, %(raw)s, %(load_id)s, %(at)s)
on conflict (shop, stream, root_type, root_id, rule, path) where released_at is null do update
set message = excluded.message, raw = excluded.raw, load_id = excluded.load_id, quarantined_at = excluded.quarantined_at
where held.load_id <= excluded.load_id;

-- name: release
-- A root that was just loaded whole needs no older complaint about it, nor one of this very load when it is replayed.
update ops.quarantine
set released_at = %(at)s
where shop = %(shop)s and stream = %(stream)s and released_at is null
    and root_type = %(root_type)s and root_id = any(%(root_ids)s) and load_id <= %(load_id)s;

-- name: move_cursor
-- Moves only forward, and only when the window began at or before the cursor: otherwise changes between them would be skipped.
-- A stream that begins with a window has what is older still to come; whatever reads everything ends that.
insert into ops.cursors as held (shop, stream, cursor_at, load_id, backfill_at)
values (%(shop)s, %(stream)s, %(window_to)s, %(load_id)s, %(window_from)s)
on conflict (shop, stream) do update
set cursor_at = greatest(held.cursor_at, excluded.cursor_at), load_id = excluded.load_id,
    backfill_at = case when %(window_from)s::timestamptz is not null then held.backfill_at end
where %(window_from)s::timestamptz is null or held.cursor_at >= %(window_from)s
returning cursor_at;

-- name: move_backfill
-- Only towards the past; the slice without a start is the last one.
update ops.cursors
set backfill_at = %(window_from)s
where shop = %(shop)s and stream = %(stream)s
    and (%(window_from)s::timestamptz is null or backfill_at > %(window_from)s);

-- name: mark_merged
update ops.loads
set state = 'merged', merged_at = %(merged_at)s, received = %(received)s, loaded = %(loaded)s,
    superseded = %(superseded)s, quarantined = %(quarantined)s, new_versions = %(new_versions)s
where load_id = %(load_id)s;

-- name: set_cursor
-- An operator's hand: rewinding makes the next window longer and loses nothing.
update ops.cursors set cursor_at = %(cursor_at)s where shop = %(shop)s and stream = %(stream)s returning cursor_at;

-- name: hold_for_reading
-- For the session, not a transaction: two extracts of one stream would write the same landing prefix.
select pg_try_advisory_lock(hashtextextended('extract/' || %(shop)s || '/' || %(stream)s, 0));

-- name: all_read_since
-- When the oldest of the newest merged loads began, one per stream; null until each of these streams has one.
select case when count(*) = cardinality(%(streams)s::text[]) then min(started_at) end
from (
    select stream, max(started_at) as started_at
    from ops.loads
    where shop = %(shop)s and stream = any(%(streams)s) and state = 'merged' and mode in ('full', 'window')
    group by stream
) as newest;

-- name: not_granted
-- Streams whose newest extraction was skipped, for a scope they need was not granted.
select asked.stream
from unnest(%(streams)s::text[]) as asked (stream)
cross join lateral (
    select outcome
    from ops.stages
    where shop = %(shop)s and stage = 'extract:' || asked.stream
    order by finished_at desc
    limit 1
) as newest
where newest.outcome = 'skipped';

-- name: owed
-- What a push could not decide is no reason for another one: it waits for something else to be read.
select exists (select from ops.dirty where shop = %(shop)s and waits_at_seq is distinct from seq);

-- name: last_merged_at
select max(merged_at) from ops.loads where shop = %(shop)s;

-- name: open_quarantine
select q.stream, q.root_type, q.root_id, q.rule, q.path, q.message, q.raw, q.load_id, q.quarantined_at, l.window_from
from ops.quarantine as q
inner join ops.loads as l on l.load_id = q.load_id
where q.shop = %(shop)s and q.stream = coalesce(%(stream)s, q.stream) and q.released_at is null
order by q.stream, q.root_type, q.root_id, q.rule, q.path;

-- name: record_stage
insert into ops.stages (shop, stage, started_at, finished_at, outcome, message, counts)
values (%(shop)s, %(stage)s, %(started_at)s, %(finished_at)s, %(outcome)s, %(message)s, %(counts)s);

-- name: register_shop
insert into ops.shops as held (shop, time_zone, currency, plan, go_live_on, registered_at)
values (%(shop)s, %(time_zone)s, %(currency)s, %(plan)s, %(go_live_on)s, %(registered_at)s)
on conflict (shop) do update
set time_zone = excluded.time_zone, currency = excluded.currency, plan = excluded.plan, go_live_on = excluded.go_live_on;
