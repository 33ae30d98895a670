"""Sensors look outward: has a shop changed, did a run fail, is there something new to reconcile?

Here: asking and requesting. What counts as a change is decided in ``steps/changes.py``.
"""

from datetime import UTC, datetime, timedelta

import dagster as dg

from shopify_pipeline.config import Settings
from shopify_pipeline.defs.ingest import BECAUSE_TAG, SHOP_TAG, SHOPS
from shopify_pipeline.defs.jobs import reconciliation, sync
from shopify_pipeline.errors import PipelineError
from shopify_pipeline.resources import PipelineResource
from shopify_pipeline.steps.changes import reason_to_sync
from shopify_pipeline.steps.shops import why_not_now

_IN_FLIGHT = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]

#: After a failed sync the shop is left alone this long: what failed a second ago fails again.
FAILURE_PAUSE = timedelta(minutes=5)


def shop_changes(settings: Settings) -> dg.SensorDefinition:
    """The sensor that notices shop changes by webhook inbox or by watermark."""

    @dg.sensor(
        name="shop_changes",
        job=sync,
        minimum_interval_seconds=settings.triggers.interval_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Starts a sync when a webhook hint waits, or when the shop has something newer than its cursor.",
    )
    def look(context: dg.SensorEvaluationContext, pipeline: PipelineResource) -> dg.SensorResult | dg.SkipReason:
        verdicts = {
            shop.domain: _verdict(context, pipeline, shop.domain) for shop in pipeline.settings().shops.values()
        }
        requests = [
            dg.RunRequest(partition_key=shop, tags={SHOP_TAG: shop, BECAUSE_TAG: text[:200]})
            for shop, (wanted, text) in verdicts.items()
            if wanted
        ]
        if not requests:
            return dg.SkipReason("; ".join(f"{shop}: {text}" for shop, (_, text) in verdicts.items()))
        return dg.SensorResult(
            run_requests=requests, dynamic_partitions_requests=[SHOPS.build_add_request(sorted(verdicts))]
        )

    return look


def _verdict(context: dg.SensorEvaluationContext, pipeline: PipelineResource, shop: str) -> tuple[bool, str]:
    """Whether to sync this shop now, and why or why not."""
    now = datetime.now(UTC)
    flying = context.instance.get_run_records(dg.RunsFilter(tags={SHOP_TAG: shop}, statuses=_IN_FLIGHT), limit=1)
    if flying:
        return False, "a run is in flight"
    last = context.instance.get_run_records(dg.RunsFilter(job_name=sync.name, tags={SHOP_TAG: shop}), limit=1)
    if last and last[0].dagster_run.status is dg.DagsterRunStatus.FAILURE and last[0].end_time is not None:
        pause = FAILURE_PAUSE - (now - datetime.fromtimestamp(last[0].end_time, UTC))
        if pause > timedelta(0):
            return False, f"the last sync failed; trying again in {int(pause.total_seconds())} s"
    try:
        opened = pipeline.for_shop(shop, context.log.info)
        hindrance = why_not_now(opened)
        if hindrance is not None:
            return False, hindrance
        reason = reason_to_sync(opened, now)
    except PipelineError as exc:
        # One shop that does not answer must not keep the others waiting.
        return False, str(exc)
    return reason is not None, reason or "nothing new"


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    monitored_jobs=[sync],
    request_job=reconciliation,
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=10,
    description="Reconciles after a sync, where the settings ask for it.",
)
def reconcile_after_sync(
    context: dg.RunStatusSensorContext, pipeline: PipelineResource
) -> dg.RunRequest | dg.SkipReason:
    if not pipeline.settings().triggers.reconcile_after_sync:
        return dg.SkipReason("[triggers] reconcile_after_sync is off")
    shop = context.dagster_run.tags.get(SHOP_TAG) or context.partition_key or ""
    return dg.RunRequest(partition_key=shop, tags={SHOP_TAG: shop})


@dg.run_failure_sensor(
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=10,
    description="Writes every failed run down where status and alerts read it.",
)
def failed_runs(context: dg.RunFailureSensorContext, pipeline: PipelineResource) -> None:
    shop = context.dagster_run.tags.get(SHOP_TAG, "")
    job, run = context.dagster_run.job_name, context.dagster_run.run_id[:8]
    pipeline.record_failure(shop, job, f"run {run} of {job} failed: {context.failure_event.message}"[:1000])
