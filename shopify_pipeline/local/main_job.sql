-- name: now
select clock_timestamp() as began_at;

-- name: new_versions
select coalesce(sum(new_versions), 0)::bigint as new_versions
from ops.loads
where shop = %(shop)s and merged_at >= %(began)s;

-- name: pushed
-- Records the back office newly took or changed in this run.
select coalesce(sum(counted.value::bigint), 0)::bigint as pushed
from ops.stages as stages
cross join lateral jsonb_each_text(stages.counts) as counted
where stages.shop = %(shop)s and stages.stage = 'push' and stages.started_at >= %(began)s
    and counted.key ~ '\.(created|updated)$';

-- name: quarantined
select count(distinct (stream, root_type, root_id)) as quarantined
from ops.quarantine
where shop = %(shop)s and released_at is null;

-- name: refused
-- What the back office did not take, or a person changed there, and why.
select resource, external_id, coalesce(reason, outcome) as reason
from backoffice.pushes
where shop = %(shop)s and outcome in ('rejected', 'manual_edit')
order by resource, external_id;

-- name: fx_residuals
select count(*) as residuals
from recon.fx_residuals
where shop = %(shop)s;

-- name: breaks
select class, count(*) as open_breaks
from recon.breaks
where shop = %(shop)s and status = 'open'
group by class
order by class;

-- name: old_in_transit
-- In transit is an excuse only while the fact is younger than its lag, by the shop's own clock.
select breaks.break_id
from recon.breaks as breaks
inner join recon.censuses as censuses on censuses.shop = breaks.shop
where breaks.shop = %(shop)s and breaks.status = 'open' and breaks.class = 'in_transit'
    and breaks.since <= censuses.as_of - make_interval(secs => %(lag)s);

-- name: seconds
select stage, round(sum(extract(epoch from finished_at - started_at)), 1) as seconds
from ops.stages
where shop = %(shop)s and started_at >= %(began)s
group by stage
order by min(started_at);
