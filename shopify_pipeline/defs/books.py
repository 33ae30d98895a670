"""Assets between warehouse and back office: what is pushed, what the back office says, and whether it agrees.

Here: names, groups, metadata. What an asset does is one call of ``steps.pipeline``.
"""

from collections.abc import Iterator

import dagster as dg

from shopify_pipeline.defs.ingest import OWNERS, SHOPS
from shopify_pipeline.ops.status import open_breaks
from shopify_pipeline.reconcile.rules import NO_BREAKS
from shopify_pipeline.resources import PipelineResource
from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.shopify.streams import IDS

FINANCE = ["team:finance-operations"]
SNAPSHOTS = ("orders", "documents", "ledger", "payments", "stock")


@dg.asset(
    key=["backoffice", "pushed"],
    deps=[["warehouse", table.name] for stream in STREAMS.values() for _, table in stream.roots],
    group_name="backoffice",
    owners=OWNERS + FINANCE,
    kinds={"tryton"},
    partitions_def=SHOPS,
    pool="backoffice",
    description="Everything owed to the back office is there, once: parties, products, opening stock, orders with "
    "documents, payments, shipments and restocks.",
)
def pushed(context: dg.AssetExecutionContext, pipeline: PipelineResource) -> dg.MaterializeResult[None]:
    result = pipeline.for_shop(context.partition_key, context.log.info).push()
    if result is None:
        return dg.MaterializeResult()
    paused = {"back office left alone until": str(result.paused_until)} if result.paused_until else {}
    return dg.MaterializeResult(metadata={**result.totals(), **paused})


@dg.multi_asset(
    name="backoffice_snapshot",
    specs=[
        dg.AssetSpec(
            key=["backoffice", name],
            deps=[["backoffice", "pushed"]],
            group_name="backoffice",
            owners=OWNERS + FINANCE,
            kinds={"tryton", "postgres"},
            description=f"What the back office itself says of its {name}, read apart from anything we pushed.",
            metadata={"dagster/table_name": f"backoffice.{name}"},
        )
        for name in SNAPSHOTS
    ],
    partitions_def=SHOPS,
)
def snapshot(context: dg.AssetExecutionContext, pipeline: PipelineResource) -> Iterator[dg.MaterializeResult[None]]:
    taken = pipeline.for_shop(context.partition_key, context.log.info).snapshot()
    for name in SNAPSHOTS:
        yield dg.MaterializeResult(
            asset_key=["backoffice", name], metadata={"dagster/partition_row_count": taken.counts.get(name, 0)}
        )


@dg.asset(
    key=["recon", "sweep"],
    group_name="reconciliation",
    owners=OWNERS + FINANCE,
    kinds={"shopify", "postgres"},
    partitions_def=SHOPS,
    pool="shopify_api",
    description="Every root the shop has, named by its id; what two sweeps in a row do not find is marked as deleted.",
)
def sweep(context: dg.AssetExecutionContext, pipeline: PipelineResource) -> dg.MaterializeResult[None]:
    shop = pipeline.for_shop(context.partition_key, context.log.info)
    found = {stream: shop.sweep(stream) or [] for stream in IDS}
    return dg.MaterializeResult(
        metadata={
            f"{each.node} {name}": number
            for rows in found.values()
            for each in rows
            for name, number in {
                "present": each.found.present,
                "missing": each.found.missing,
                "gone": each.gone,
            }.items()
        }
    )


@dg.asset(
    key=["recon", "census"],
    group_name="reconciliation",
    owners=OWNERS + FINANCE,
    kinds={"shopify", "postgres"},
    partitions_def=SHOPS,
    pool="shopify_api",
    deps=[["backoffice", "pushed"], ["recon", "sweep"]],
    description="The shop counted apart from the field map: ids, stamps, totals, sales, quantities; by bulk operation.",
)
def census(context: dg.AssetExecutionContext, pipeline: PipelineResource) -> dg.MaterializeResult[None]:
    taken = pipeline.for_shop(context.partition_key, context.log.info).census()
    return dg.MaterializeResult(metadata=dict(taken.counts))


@dg.asset(
    key=["recon", "breaks"],
    deps=[["recon", "census"], *(["backoffice", name] for name in SNAPSHOTS)],
    group_name="reconciliation",
    owners=FINANCE,
    kinds={"postgres"},
    partitions_def=SHOPS,
    description="The break ledger: every difference between shop, warehouse and back office, with first seen, last "
    "seen, age and status.",
    metadata={"dagster/table_name": "recon.breaks"},
)
def breaks(context: dg.AssetExecutionContext, pipeline: PipelineResource) -> dg.MaterializeResult[None]:
    found = pipeline.for_shop(context.partition_key, context.log.info).reconcile()
    return dg.MaterializeResult(metadata={"open": found.open_breaks, **found.by_class, **found.by_rule})


@dg.asset_check(
    asset=["recon", "breaks"],
    description="No break is open that is older than its lag: shop and back office agree, or somebody is told why not.",
)
def no_unexplained_breaks(context: dg.AssetCheckExecutionContext, pipeline: PipelineResource) -> dg.AssetCheckResult:
    settings = pipeline.settings()
    counts: dict[str, int] = {}
    for shop in settings.shops.values():
        with pipeline.for_shop(shop.domain, context.log.info).connect() as conn:
            for name, number in open_breaks(conn, shop.domain).items():
                counts[name] = counts.get(name, 0) + number
    unexplained = sum(number for name, number in counts.items() if name not in NO_BREAKS)
    return dg.AssetCheckResult(passed=unexplained == 0, severity=dg.AssetCheckSeverity.WARN, metadata=dict(counts))


BOOKS = [pushed, snapshot, sweep, census, breaks]
BOOK_CHECKS = [no_unexplained_breaks]
