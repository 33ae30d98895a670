-- name: pause
insert into ops.paused_shops (shop, paused_at, because)
values (%(shop)s, %(paused_at)s, %(because)s)
on conflict (shop) do nothing;

-- name: resume
delete from ops.paused_shops where shop = %(shop)s;

-- name: paused
select paused_at, because from ops.paused_shops where shop = %(shop)s;
