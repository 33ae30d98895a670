"""Assets from the shop to the warehouse: one landing asset and one set of tables per stream.

Here: names, groups, metadata and checks. What an asset does is one call of ``steps.pipeline``.
"""

from collections.abc import Iterator

import dagster as dg

from shopify_pipeline.resources import PipelineResource
from shopify_pipeline.schemas import STREAMS, Stream, Table
from shopify_pipeline.steps.load import Loaded
from shopify_pipeline.steps.metering import figures
from shopify_pipeline.steps.retention import prune
from shopify_pipeline.warehouse.ddl import POSTGRES_TYPES, system_columns

SHOPS = dg.DynamicPartitionsDefinition(name="shops")
OWNERS = ["team:data-platform"]

#: Run tag with the shop's domain; the queue runs one such run per shop at a time.
SHOP_TAG = "shopify/shop"

#: Run tag with what started a run; a run somebody started by hand has none.
BECAUSE_TAG = "shopify/because"

CONSERVATION = "conservation_of_roots"
BUDGET = "quarantine_budget"
KNOWN_VALUES = "known_values"


def landing_asset(stream: Stream) -> dg.AssetsDefinition:
    """What changed in the shop, as Shopify sent it."""

    @dg.asset(
        key=["landing", stream.name],
        group_name="landing",
        owners=OWNERS,
        kinds={"shopify", "graphql"},
        partitions_def=SHOPS,
        pool="shopify_api",
        description=f"Every version of {stream.name} since the cursor, as Shopify sent it: raw bodies and manifest.",
    )
    def landed(context: dg.AssetExecutionContext, pipeline: PipelineResource) -> dg.MaterializeResult[None]:
        shop = pipeline.for_shop(context.partition_key, context.log.info)
        until = shop.rests_until(stream.name) if BECAUSE_TAG in context.run.tags else None
        if until is not None:
            told = f"Shopify has no filter for what changed; read whole again after {until:%Y-%m-%dT%H:%M:%SZ}"
            context.log.info(f"{stream.name}: {told}")
            return dg.MaterializeResult(metadata={"skipped": told})
        done = shop.extract(stream.name)
        if done is None:
            return dg.MaterializeResult(metadata={"skipped": "the shop does not grant the scopes it needs"})
        return dg.MaterializeResult(
            metadata={
                "roots": done.roots,
                "parts": done.parts,
                "bytes": done.bytes,
                "mode": done.mode,
                "window_to": dg.MetadataValue.timestamp(done.window_to),
                "load_id": done.load_id,
                **figures(shop, done.load_id),
            }
        )

    return landed


def warehouse_assets(stream: Stream) -> dg.AssetsDefinition:
    """The stream's tables: rows, quarantine, dirty set and cursor in one transaction."""
    root = dg.AssetKey(["warehouse", stream.tables[0].name])

    @dg.multi_asset(
        name=f"warehouse_{stream.name}",
        specs=[_table_spec(stream, table) for table in stream.tables],
        check_specs=[
            dg.AssetCheckSpec(
                CONSERVATION,
                asset=root,
                blocking=True,
                description="Roots received = loaded + superseded + quarantined.",
            ),
            dg.AssetCheckSpec(
                BUDGET,
                asset=root,
                blocking=True,
                description="Quarantined roots stay within the budget; more is not bad data but a broken contract.",
            ),
            dg.AssetCheckSpec(
                KNOWN_VALUES,
                asset=root,
                description="Every enum value is one the published schema has; another one was kept as it came.",
            ),
        ],
        partitions_def=SHOPS,
    )
    def loaded(
        context: dg.AssetExecutionContext, pipeline: PipelineResource
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        shop = pipeline.for_shop(context.partition_key, context.log.info)
        result = shop.load(stream.name)
        known = {} if result is None else figures(shop, result.load_id)
        for table in stream.tables:
            metadata = _metadata(table, result) | (known if table is stream.tables[0] else {})
            yield dg.MaterializeResult(asset_key=["warehouse", table.name], metadata=metadata)
        yield from _checks(root, result)

    return loaded


def _table_spec(stream: Stream, table: Table) -> dg.AssetSpec:
    columns = [dg.TableColumn("shop", "text", description="The shop's myshopify.com domain; first part of the key.")]
    columns += [
        dg.TableColumn(
            column.name,
            POSTGRES_TYPES[column.kind],
            description=column.description,
            constraints=dg.TableColumnConstraints(nullable=column.nullable, unique=False),
            tags={} if column.pii.value == "none" else {"pii": column.pii.value},
        )
        for column in table.columns
    ]
    columns += [dg.TableColumn(name, kind, description=text) for name, kind, _, text in system_columns(stream, table)]
    return dg.AssetSpec(
        key=["warehouse", table.name],
        deps=[["landing", stream.name]],
        group_name="warehouse",
        owners=OWNERS,
        kinds={"postgres"},
        description=table.grain,
        metadata={
            "dagster/column_schema": dg.TableSchema(columns=columns),
            "dagster/table_name": f"shopify.{table.name}",
            "key": ", ".join(("shop", *table.key)),
        },
    )


def _metadata(table: Table, result: Loaded | None) -> dict[str, int | float]:
    """Numbers Dagster plots; a load with nothing to merge shows zeros."""
    if result is None:
        return {"rows_read": 0}
    return {"rows_read": result.rows.get(table.name, 0), "load_id": result.load_id}


def _checks(root: dg.AssetKey, result: Loaded | None) -> Iterator[dg.AssetCheckResult]:
    received, loaded, superseded, quarantined, new = (
        (0, 0, 0, 0, 0)
        if result is None
        else (result.received, result.loaded, result.superseded, result.quarantined, result.newly_quarantined)
    )
    counts = {"received": received, "loaded": loaded, "superseded": superseded, "quarantined": quarantined}
    yield dg.AssetCheckResult(
        check_name=CONSERVATION, asset_key=root, passed=received == loaded + superseded + quarantined, metadata=counts
    )
    # A load above its budget was stopped before it got here, unless somebody accepted it.
    allowed = new if result is None or result.allowed is None else result.allowed
    yield dg.AssetCheckResult(
        check_name=BUDGET,
        asset_key=root,
        passed=new <= allowed,
        metadata=counts | {"newly_quarantined": new, "allowed": allowed},
    )
    unknown = {} if result is None else dict(result.unknown_values)
    yield dg.AssetCheckResult(
        check_name=KNOWN_VALUES,
        asset_key=root,
        passed=not unknown,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"unknown_values": dg.MetadataValue.json(unknown)},
    )


@dg.asset(
    key=["ops", "hints"],
    deps=[["warehouse", stream.tables[0].name] for stream in STREAMS.values()],
    group_name="warehouse",
    owners=OWNERS,
    kinds={"postgres"},
    partitions_def=SHOPS,
    description="Webhook hints that came before the last loads are closed, for what they hinted at is read.",
)
def hints(context: dg.AssetExecutionContext, pipeline: PipelineResource) -> dg.MaterializeResult[None]:
    closed = pipeline.for_shop(context.partition_key, context.log.info).handle_hints()
    return dg.MaterializeResult(metadata={"closed": closed})


@dg.asset(
    key=["ops", "subscriptions"],
    group_name="warehouse",
    owners=OWNERS,
    kinds={"shopify"},
    partitions_def=SHOPS,
    description="The webhook subscriptions the shop should have: missing ones are made, those we do not want removed.",
)
def subscriptions(context: dg.AssetExecutionContext, pipeline: PipelineResource) -> dg.MaterializeResult[None]:
    done = pipeline.for_shop(context.partition_key, context.log.warning).subscribe()
    if done is None:
        return dg.MaterializeResult(metadata={"created": 0, "removed": 0, "vanished": 0})
    return dg.MaterializeResult(
        metadata={"created": len(done.created), "removed": len(done.removed), "vanished": len(done.vanished)}
    )


@dg.asset(
    key=["landing", "kept"],
    group_name="maintenance",
    owners=OWNERS,
    kinds={"storage"},
    partitions_def=SHOPS,
    description="The landing zone without what nothing needs: abandoned attempts, and loads older than "
    "[landing] keep_days that a later full load replaced.",
)
def kept(context: dg.AssetExecutionContext, pipeline: PipelineResource) -> dg.MaterializeResult[None]:
    gone = prune(pipeline.for_shop(context.partition_key, context.log.info))
    return dg.MaterializeResult(metadata={"removed": len(gone), "removed_bytes": sum(e.stored.bytes for e in gone)})


INGEST = [asset for stream in STREAMS.values() for asset in (landing_asset(stream), warehouse_assets(stream))]
INGEST += [hints, subscriptions, kept]
