-- name: store
-- Bodies travel in binary: as text each byte would be two.
insert into ops.inbox (shop, webhook_id, event_id, topic, api_version, triggered_at, received_at, body)
select hint.shop, hint.webhook_id, hint.event_id, hint.topic, hint.api_version, hint.triggered_at, hint.received_at, hint.body
from unnest(
    %(shop)s::text[],
    %(webhook_id)s::text[],
    %(event_id)s::text[],
    %(topic)s::text[],
    %(api_version)s::text[],
    %(triggered_at)s::text[],
    %(received_at)s::timestamptz[],
    %(body)b::bytea[]
) as hint (shop, webhook_id, event_id, topic, api_version, triggered_at, received_at, body)
on conflict (shop, webhook_id) do nothing;

-- name: waiting
select
    topic,
    count(*) as hints,
    max(received_at) as newest_received_at
from ops.inbox
where shop = %(shop)s and handled_at is null and topic <> all(%(no_hints)s)
group by topic
order by topic;

-- name: mark_handled
-- Requests of a person or a merchant stay open: no sync answers them.
update ops.inbox
set handled_at = %(at)s
where shop = %(shop)s and handled_at is null and received_at <= %(up_to)s and topic <> all(%(requests)s);

-- name: last_subscribed
-- Address and topics as the last look at the subscriptions left them.
select counts ->> 'uri' as uri, counts -> 'topics' as topics
from ops.stages
where shop = %(shop)s and stage = %(stage)s and outcome = 'success'
order by finished_at desc, stage_id desc
limit 1;

-- name: told
select topic, body
from ops.inbox
where shop = %(shop)s and handled_at is null and topic = any(%(topics)s)
order by received_at, webhook_id;
