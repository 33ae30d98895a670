-- What the pipeline remembers about its own work. Rows, quarantine, dirty set and cursor change in one transaction.
create schema ops;

create table ops.shops (
    shop text not null,
    time_zone text not null,
    currency text not null,
    plan text not null,
    go_live_on date,
    registered_at timestamptz not null,
    constraint shops_pkey primary key (shop)
);
comment on table ops.shops is 'One row per shop, as the shop itself answered; go_live_on is the first day of the books, in the shop''s zone.';

create table ops.paused_shops (
    shop text not null,
    paused_at timestamptz not null,
    because text not null,
    constraint paused_shops_pkey primary key (shop)
);
comment on table ops.paused_shops is 'Shops for which no sensor and no schedule starts anything, because a person said so.';

create sequence ops.landing_seq;
create table ops.loads (
    load_id bigint generated always as identity,
    shop text not null,
    stream text not null,
    mode text not null,
    window_from timestamptz,
    window_to timestamptz not null,
    state text not null,
    landing_prefix text not null,
    bulk_operations jsonb not null default '{}',
    received bigint,
    loaded bigint,
    superseded bigint,
    quarantined bigint,
    new_versions bigint,
    rows bigint,
    bytes bigint,
    api_points numeric(14, 1),
    api_requests bigint,
    seconds jsonb not null default '{}',
    newest_change_at timestamptz,
    started_at timestamptz not null,
    landed_at timestamptz,
    merged_at timestamptz,
    constraint loads_pkey primary key (load_id),
    constraint loads_mode_known check (mode in ('full', 'window', 'backfill', 'roots')),
    constraint loads_state_known check (state in ('extracting', 'landed', 'merged', 'abandoned')),
    constraint loads_conserve_roots check (state <> 'merged' or received = loaded + superseded + quarantined)
);
create index loads_open on ops.loads (shop, stream, load_id) where state in ('extracting', 'landed');
comment on table ops.loads is 'One row per load, the only state of a sync: extracting, landed, merged (or abandoned). window_to is the shop''s clock when the load began; bytes are those of Shopify''s bodies; seconds are by stage: count, read, land, parse, validate, copy, merge; newest_change_at is the newest stamp among the roots received.';

create table ops.cursors (
    shop text not null,
    stream text not null,
    cursor_at timestamptz not null,
    backfill_at timestamptz,
    load_id bigint not null,
    constraint cursors_pkey primary key (shop, stream),
    constraint cursors_load foreign key (load_id) references ops.loads (load_id)
);
comment on table ops.cursors is 'Every change up to cursor_at (the shop''s clock) was loaded; the next window begins an overlap earlier. What was last changed before backfill_at is still to be loaded; null: nothing is.';

create table ops.quarantine (
    quarantine_id bigint generated always as identity,
    shop text not null,
    stream text not null,
    root_type text not null,
    root_id text not null,
    rule text not null,
    path text not null,
    message text not null,
    raw bytea not null,
    load_id bigint not null,
    quarantined_at timestamptz not null,
    released_at timestamptz,
    constraint quarantine_pkey primary key (quarantine_id),
    constraint quarantine_load foreign key (load_id) references ops.loads (load_id)
);
create unique index quarantine_open on ops.quarantine (shop, stream, root_type, root_id, rule, path) where released_at is null;
comment on table ops.quarantine is 'Why a root was withheld: rule, value path and the raw JSON of the bad record. Released when a good version was loaded.';

create table ops.missing (
    shop text not null,
    stream text not null,
    root_type text not null,
    root_id text not null,
    load_id bigint not null,
    constraint missing_pkey primary key (shop, stream, root_type, root_id),
    constraint missing_load foreign key (load_id) references ops.loads (load_id)
);
comment on table ops.missing is 'Roots the last full id sweep did not find in the shop; missing in the next one too, they are gone.';

create table ops.reread (
    shop text not null,
    stream text not null,
    root_type text not null,
    root_id text not null,
    constraint reread_pkey primary key (shop, stream, root_type, root_id)
);
comment on table ops.reread is 'Roots to be read by id before the next window: they name something that is gone, for which Shopify moves no stamp.';

create table ops.inbox (
    shop text not null,
    webhook_id text not null,
    event_id text,
    topic text not null,
    api_version text,
    triggered_at text,
    received_at timestamptz not null,
    body bytea not null,
    handled_at timestamptz,
    constraint inbox_pkey primary key (shop, webhook_id)
);
create index inbox_waiting on ops.inbox (shop, received_at) where handled_at is null;
comment on table ops.inbox is 'Webhook hints as received. A hint leads to a read through the API, never to data.';

create sequence ops.dirty_seq;
create table ops.dirty (
    shop text not null,
    resource text not null,
    external_id text not null,
    seq bigint not null,
    marked_at timestamptz not null,
    waits_at_seq bigint,
    constraint dirty_pkey primary key (shop, resource, external_id)
);
comment on table ops.dirty is 'The dirty set: what changed and has not been pushed. A push removes a row only at the seq it read. A row whose waits_at_seq is its seq was looked at and cannot be decided yet.';

create table ops.backoffice_pauses (
    shop text not null,
    since timestamptz not null,
    until timestamptz not null,
    message text not null,
    constraint backoffice_pauses_pkey primary key (shop)
);
comment on table ops.backoffice_pauses is 'Shops whose back office failed again and again: no push asks it before until, then one call of its health decides. No row: it answers.';

create table ops.stages (
    stage_id bigint generated always as identity,
    shop text not null,
    stage text not null,
    started_at timestamptz not null,
    finished_at timestamptz not null,
    outcome text not null,
    message text,
    counts jsonb not null default '{}',
    constraint stages_pkey primary key (stage_id),
    constraint stages_outcome_known check (outcome in ('success', 'skipped', 'failed'))
);
create index stages_recent on ops.stages (shop, stage, finished_at);
comment on table ops.stages is 'One row per stage run (extract, load, push, snapshot, census, reconcile …): the source of every dashboard and alert.';
