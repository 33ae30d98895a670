-- name: take_turns
-- The lock a merge tries for: while the tables of a shop are rebuilt nothing else is merged into them.
select pg_advisory_xact_lock(hashtextextended(%(shop)s || '/' || %(stream)s, 0));

-- name: known
select load_id, state, landing_prefix, window_to from ops.loads where load_id = any(%(load_ids)s);

-- name: give_way
-- An attempt that found its place in the landing zone taken has landed nothing.
delete from ops.loads where load_id = %(load_id)s and state in ('extracting', 'abandoned');

-- name: adopt
insert into ops.loads
    (load_id, shop, stream, mode, window_from, window_to, state, landing_prefix, started_at, landed_at)
overriding system value
values (
    %(load_id)s, %(shop)s, %(stream)s, %(mode)s, %(window_from)s, %(window_to)s, 'landed', %(landing_prefix)s,
    %(landed_at)s, %(landed_at)s
);

-- name: begin_after
-- New loads are numbered after those that were adopted: a number is a place in the landing zone.
select
    setval('ops.loads_load_id_seq', greatest((select last_value from ops.loads_load_id_seq), %(load_id)s::bigint)),
    setval('ops.landing_seq', greatest((select last_value from ops.landing_seq), %(landing)s::bigint));

-- name: reopen
update ops.loads set state = 'landed' where load_id = %(load_id)s and shop = %(shop)s and state = 'merged';

-- name: cursors
select stream, cursor_at, load_id, backfill_at from ops.cursors where shop = %(shop)s and stream = any(%(streams)s);

-- name: take_cursors
delete from ops.cursors where shop = %(shop)s and stream = any(%(streams)s);

-- name: put_cursor
insert into ops.cursors (shop, stream, cursor_at, load_id, backfill_at)
values (%(shop)s, %(stream)s, %(cursor_at)s, %(load_id)s, %(backfill_at)s);

-- name: newest_complaint
select coalesce(max(quarantine_id), 0) from ops.quarantine;

-- name: forget_complaints_since
delete from ops.quarantine
where load_id = %(load_id)s and quarantine_id > %(newest)s and released_at is null;

-- name: forget_complaints
delete from ops.quarantine where shop = %(shop)s;

-- name: forget_missing
delete from ops.missing where shop = %(shop)s;

-- name: keep_dirty
create temporary table before_replay_dirty on commit drop as select * from ops.dirty where shop = %(shop)s;

-- name: forget_dirty
delete from ops.dirty where shop = %(shop)s;

-- name: put_dirty_back
insert into ops.dirty select * from before_replay_dirty;

-- name: keep_reread
create temporary table before_replay_reread on commit drop as select * from ops.reread where shop = %(shop)s;

-- name: put_reread_back
insert into ops.reread select * from before_replay_reread
on conflict (shop, stream, root_type, root_id) do nothing;

-- name: temporary_tables
select relname
from pg_class
where relnamespace = pg_my_temp_schema() and relkind = 'r' and relname not like 'before\_replay\_%%';
