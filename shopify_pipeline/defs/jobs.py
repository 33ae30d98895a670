"""Jobs: which assets run together. One process per run: the multiprocess executor costs seven seconds a step."""

import dagster as dg

_INGEST = dg.AssetSelection.groups("landing", "warehouse")
_PUSH = dg.AssetSelection.assets(["backoffice", "pushed"])
_RECONCILIATION = dg.AssetSelection.groups("backoffice", "reconciliation") - _PUSH

#: What changed in one shop: read, loaded, pushed. What sensors start.
sync = dg.define_asset_job("sync", selection=_INGEST | _PUSH, executor_def=dg.in_process_executor)

#: Shop and back office are read again, apart from what was loaded, and compared. What the night starts.
reconciliation = dg.define_asset_job("reconciliation", selection=_RECONCILIATION, executor_def=dg.in_process_executor)

#: dbt, for all shops at once.
marts = dg.define_asset_job(
    "marts", selection=dg.AssetSelection.groups("staging", "marts"), executor_def=dg.in_process_executor
)

#: The shop's webhook subscriptions, between syncs, too: a shop that sends no hints may not be synced for hours.
subscriptions = dg.define_asset_job(
    "subscriptions", selection=dg.AssetSelection.assets(["ops", "subscriptions"]), executor_def=dg.in_process_executor
)

#: What nothing needs any more of what was landed goes.
retention = dg.define_asset_job(
    "retention", selection=dg.AssetSelection.assets(["landing", "kept"]), executor_def=dg.in_process_executor
)

JOBS = [sync, reconciliation, marts, subscriptions, retention]
