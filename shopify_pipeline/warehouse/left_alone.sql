-- name: newest
-- What was last decided: a failure closes the shop, until an instant or until a person acts; a success opens it.
select outcome, counts ->> 'reason' as reason, finished_at as since, (counts ->> 'until')::timestamptz as until, message
from ops.stages
where shop = %(shop)s and stage = %(stage)s
order by finished_at desc, stage_id desc
limit 1;
