-- Whether the back office of a shop is left alone, since when and until when.

-- name: find
select since, until, message from ops.backoffice_pauses where shop = %(shop)s;

-- name: begin
-- A pause that is begun again is the same outage.
insert into ops.backoffice_pauses (shop, since, until, message)
values (%(shop)s, %(since)s, %(until)s, %(message)s)
on conflict (shop) do update
set until = excluded.until, message = excluded.message;

-- name: finish
delete from ops.backoffice_pauses where shop = %(shop)s;
