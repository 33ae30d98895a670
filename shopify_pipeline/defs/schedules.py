"""Schedules follow the shop's own clock."""

import dagster as dg

from shopify_pipeline.config import Settings
from shopify_pipeline.defs.ingest import SHOP_TAG, SHOPS
from shopify_pipeline.defs.jobs import marts, reconciliation, subscriptions


def schedules(settings: Settings) -> list[dg.ScheduleDefinition]:
    """Per shop and in its zone a nightly reconciliation and a daily look at its webhook subscriptions; one rebuild of
    the marts in the first shop's zone."""
    nightly = [_nightly(name, shop.domain, shop.time_zone, settings) for name, shop in settings.shops.items()]
    daily = [
        _subscriptions(name, shop.domain, shop.time_zone, settings)
        for name, shop in settings.shops.items()
        if shop.webhook_uri is not None
    ]
    zone = next(iter(settings.shops.values())).time_zone
    rebuild = dg.ScheduleDefinition(
        name="marts",
        job=marts,
        cron_schedule=settings.triggers.marts_cron,
        execution_timezone=zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Rebuilds and tests the marts.",
    )
    return [*nightly, *daily, rebuild]


def _nightly(name: str, domain: str, zone: str, settings: Settings) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=f"nightly_reconciliation_{name}",
        job=reconciliation,
        cron_schedule=settings.triggers.reconciliation_cron,
        execution_timezone=zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"Reconciles {domain} when its day is over.",
    )
    def nightly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        context.instance.add_dynamic_partitions(SHOPS.name or "", [domain])
        return dg.RunRequest(partition_key=domain, tags={SHOP_TAG: domain})

    return nightly


def _subscriptions(name: str, domain: str, zone: str, settings: Settings) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=f"subscriptions_{name}",
        job=subscriptions,
        cron_schedule=settings.triggers.subscriptions_cron,
        execution_timezone=zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"Makes sure {domain} still sends webhooks: Shopify drops subscriptions without a word.",
    )
    def daily(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        context.instance.add_dynamic_partitions(SHOPS.name or "", [domain])
        return dg.RunRequest(partition_key=domain, tags={SHOP_TAG: domain})

    return daily
