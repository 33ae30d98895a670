"""Schedules follow the shop's own clock."""

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from shopify_pipeline.config import Settings
from shopify_pipeline.config_sections import ShopSettings
from shopify_pipeline.defs.ingest import SHOP_TAG, SHOPS
from shopify_pipeline.defs.jobs import marts, reconciliation, retention, subscriptions
from shopify_pipeline.errors import PipelineError
from shopify_pipeline.resources import PipelineResource
from shopify_pipeline.steps.shops import why_not_now


def schedules(settings: Settings) -> list[dg.ScheduleDefinition]:
    """Per shop and in its zone a nightly reconciliation, a daily look at its webhook subscriptions and the tidying of
    its landing zone; one rebuild of the marts in the first shop's zone."""
    triggers = settings.triggers
    nightly = [
        _of_shop(
            f"nightly_reconciliation_{name}",
            reconciliation,
            shop,
            cron=triggers.reconciliation_cron,
            description=f"Reconciles {shop.domain} when its day is over.",
        )
        for name, shop in settings.shops.items()
    ]
    daily = [
        _of_shop(
            f"subscriptions_{name}",
            subscriptions,
            shop,
            cron=triggers.subscriptions_cron,
            description=f"Makes sure {shop.domain} still sends webhooks: Shopify drops subscriptions without a word.",
        )
        for name, shop in settings.shops.items()
        if shop.webhook_uri is not None
    ]
    tidying = [
        _of_shop(
            f"retention_{name}",
            retention,
            shop,
            cron=triggers.retention_cron,
            description=f"Removes what nothing needs any more of what {shop.domain} has landed.",
        )
        for name, shop in settings.shops.items()
    ]
    zone = next(iter(settings.shops.values())).time_zone
    rebuild = dg.ScheduleDefinition(
        name="marts",
        job=marts,
        cron_schedule=triggers.marts_cron,
        execution_timezone=zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Rebuilds and tests the marts.",
    )
    return [*nightly, *daily, *tidying, rebuild]


def _of_shop(
    name: str, job: UnresolvedAssetJobDefinition, shop: ShopSettings, *, cron: str, description: str
) -> dg.ScheduleDefinition:
    """A schedule that runs a job for one shop, on its clock."""

    @dg.schedule(
        name=name,
        job=job,
        cron_schedule=cron,
        execution_timezone=shop.time_zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=description,
    )
    def due(context: dg.ScheduleEvaluationContext, pipeline: PipelineResource) -> dg.RunRequest | dg.SkipReason:
        try:
            hindrance = why_not_now(pipeline.for_shop(shop.domain, context.log.info))
        except PipelineError:
            # What fails is seen where runs are, so the run is started and says why it failed.
            hindrance = None
        if hindrance is not None:
            return dg.SkipReason(hindrance)
        context.instance.add_dynamic_partitions(SHOPS.name or "", [shop.domain])
        return dg.RunRequest(partition_key=shop.domain, tags={SHOP_TAG: shop.domain})

    return due
