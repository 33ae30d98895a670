-- name: store
insert into ops.inbox (shop, webhook_id, event_id, topic, api_version, triggered_at, received_at, body)
values (
    %(shop)s, %(webhook_id)s, %(event_id)s, %(topic)s, %(api_version)s, %(triggered_at)s, %(received_at)s, %(body)s
)
on conflict (shop, webhook_id) do nothing;

-- name: waiting
select
    topic,
    count(*) as hints,
    max(received_at) as newest_received_at
from ops.inbox
where shop = %(shop)s and handled_at is null
group by topic
order by topic;

-- name: mark_handled
update ops.inbox
set handled_at = %(at)s
where shop = %(shop)s and handled_at is null and received_at <= %(up_to)s;
