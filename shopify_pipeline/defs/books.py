"""Assets between warehouse and back office: what is pushed, and what shop and back office say when read apart.

Here: names, groups, metadata. What an asset does is one call of ``steps.pipeline``.
"""

from collections.abc import Iterator

import dagster as dg

from shopify_pipeline.defs.ingest import OWNERS, SHOPS
from shopify_pipeline.resources import PipelineResource
from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.shopify.streams import IDS

FINANCE = ["team:finance-operations"]
SNAPSHOTS = (
    "snapshots",
    "orders",
    "order_lines",
    "documents",
    "taxes",
    "ledger",
    "totals",
    "payments",
    "shipments",
    "parties",
    "products",
    "stock",
    "edited",
)


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
            description=f"Table {name} of the snapshot: what the back office says, apart from anything we pushed.",
            metadata={"dagster/table_name": f"backoffice.{name}"},
        )
        for name in SNAPSHOTS
    ],
    partitions_def=SHOPS,
)
def snapshot(context: dg.AssetExecutionContext, pipeline: PipelineResource) -> Iterator[dg.MaterializeResult[None]]:
    taken = pipeline.for_shop(context.partition_key, context.log.info).snapshot()
    # The table of snapshots has one row per shop: when its back office was read.
    rows = {**taken.counts, "snapshots": 1}
    for name in SNAPSHOTS:
        yield dg.MaterializeResult(
            asset_key=["backoffice", name], metadata={"dagster/partition_row_count": rows.get(name, 0)}
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


BOOKS = [pushed, snapshot, sweep, census]
