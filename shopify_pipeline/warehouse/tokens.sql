-- name: limit_waiting
set local lock_timeout = '120s';

-- name: ensure_row
insert into ops.shop_tokens (shop)
values (%(shop)s)
on conflict (shop) do nothing;

-- name: lock_row
select sealed
from ops.shop_tokens
where shop = %(shop)s
for update;

-- name: store
update ops.shop_tokens
set sealed = %(sealed)s, stored_at = %(at)s
where shop = %(shop)s;
