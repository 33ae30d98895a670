-- Our own push log and the dirty set, as a push reads and settles them. No rule of reconciliation reads either.

-- name: value_map_clear
delete from backoffice.value_map where shop = %(shop)s;

-- name: value_map_entry
insert into backoffice.value_map (shop, kind, key, code)
values (%(shop)s, %(kind)s, %(key)s, %(code)s);

-- name: has_pushed
select exists (select from backoffice.pushes where shop = %(shop)s);

-- name: dirty
select resource, external_id, seq
from ops.dirty
where shop = %(shop)s
order by seq;

-- name: mark_dirty
insert into ops.dirty (shop, resource, external_id, seq, marked_at)
select %(shop)s, %(resource)s, marked.external_id, nextval('ops.dirty_seq'), %(now)s
from unnest(%(external_ids)s::text[]) as marked (external_id)
on conflict (shop, resource, external_id) do update
set seq = excluded.seq, marked_at = excluded.marked_at;

-- name: settle
-- A row that was marked again since it was read stays: what was pushed is already old.
delete from ops.dirty as held
using unnest(%(resources)s::text[], %(external_ids)s::text[], %(seqs)s::bigint[]) as done (resource, external_id, seq)
where held.shop = %(shop)s
    and held.resource = done.resource and held.external_id = done.external_id and held.seq = done.seq;

-- name: let_wait
update ops.dirty as held
set waits_at_seq = held.seq
from unnest(%(resources)s::text[], %(external_ids)s::text[], %(seqs)s::bigint[]) as read (resource, external_id, seq)
where held.shop = %(shop)s
    and held.resource = read.resource and held.external_id = read.external_id and held.seq = read.seq;

-- name: refused
select external_id
from backoffice.pushes
where shop = %(shop)s and resource = %(resource)s and outcome in ('rejected', 'manual_edit')
order by external_id;

-- name: last
select external_id, fingerprint, outcome
from backoffice.pushes
where shop = %(shop)s and resource = %(resource)s and external_id = any(%(external_ids)s);

-- name: record
insert into backoffice.pushes (shop, resource, external_id, fingerprint, outcome, reason, pushed_at)
values (%(shop)s, %(resource)s, %(external_id)s, %(fingerprint)s, %(outcome)s, %(reason)s, %(now)s)
on conflict (shop, resource, external_id) do update
set fingerprint = excluded.fingerprint,
    outcome = excluded.outcome,
    reason = excluded.reason,
    pushed_at = excluded.pushed_at;

-- name: forget_refused
delete from backoffice.pushes
where shop = %(shop)s and resource = %(resource)s and outcome = 'rejected' and external_id = any(%(external_ids)s);

-- name: forget
-- The row stays: that the record was pushed is what a comparison with the back office begins with.
update backoffice.pushes
set fingerprint = ''
where shop = %(shop)s and resource = %(resource)s and external_id = any(%(external_ids)s);

-- name: forget_entries
update backoffice.pushes
set fingerprint = ''
where shop = %(shop)s and resource = 'entries'
    and split_part(external_id, '/', 1) = any(%(kinds)s) and split_part(external_id, '/', 2) = any(%(root_ids)s);
