"""Has a shop changed since it was last read? What the sensor asks, every few seconds.

Here: the two signs of a change, webhook hints and the watermark. Not here: reading the change; a hint is never data.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from shopify_pipeline.backoffice import pauses
from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.shopify.client import AdminApi
from shopify_pipeline.shopify.queries import operation
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline.warehouse import inbox
from shopify_pipeline.warehouse.connect import Connection
from shopify_pipeline.warehouse.loads import Loads

#: Even a shop that shows no sign is looked at this often: a change in the very second of a cursor gives none.
QUIET_MAX = timedelta(hours=1)

#: Stream not every shop grants → operation that tells its newest stamp, and where in the answer.
_NOT_IN_EVERY_SHOP = {
    "fulfillment_orders": ("FulfillmentOrdersWatermark", ("fulfillmentOrders",)),
    "gift_cards": ("GiftCardsWatermark", ("giftCards",)),
    "payouts": ("PayoutsWatermark", ("shopifyPaymentsAccount", "balanceTransactions")),
}


def reason_to_sync(pipeline: Pipeline, now: datetime) -> str | None:
    """Why this shop should be synced, or None.

    Args:
        now: Our clock, UTC; only compared with our own stamps.

    Raises:
        ShopLeftAloneError: The shop refused us a while ago; it was not asked.
        PipelineError: The shop or the warehouse does not answer.
    """
    triggers, shop = pipeline.settings.triggers, pipeline.shop.domain
    pipeline.refuse_while_left_alone()
    with pipeline.connect() as conn:
        hints = inbox.waiting(conn, shop) if triggers.inbox else None
        if hints is not None:
            return "hints: " + ", ".join(f"{number} {topic}" for topic, number in sorted(hints.topics.items()))
        loads = Loads(conn)
        not_granted = loads.not_granted(shop, STREAMS)
        cursors = {stream: loads.cursor(shop, stream) for stream in STREAMS if stream not in not_granted}
        last_merge = loads.last_merged_at(shop)
        backfilling = [stream for stream in loads.backfilling(shop) if stream in cursors]
        is_owed = pipeline.closed_because() is None and not _is_left_alone(conn, shop, now) and loads.is_owed(shop)
    never = [stream for stream, cursor in cursors.items() if cursor is None]
    if never:
        return f"never loaded: {', '.join(never)}"
    if backfilling:
        return f"older records still to be loaded: {', '.join(backfilling)}"
    if is_owed:
        return "changes are still owed to the back office"
    if last_merge is not None and now - last_merge > QUIET_MAX:
        return "no sync for an hour"
    if not triggers.watermark:
        return None
    known = {stream: cursor for stream, cursor in cursors.items() if cursor is not None}
    newer = [stream for stream, newest in watermarks(pipeline.api, known).items() if newest > known[stream]]
    if newer:
        return f"newer in the shop: {', '.join(newer)}"
    return None


def _is_left_alone(conn: Connection, shop: str, now: datetime) -> bool:
    """Whether nobody asks the back office now: a push would do nothing."""
    with conn.transaction():
        pause = pauses.find(conn, shop)
    return pause is not None and now < pause.until


def watermarks(api: AdminApi, cursors: Mapping[str, datetime]) -> dict[str, datetime]:
    """Newest stamp per stream that has any.

    What cannot be sorted by its stamp is asked for by what is newer than its cursor: inventory items, levels and tender
    transactions. Nothing tells of store credit.

    Args:
        cursors: Of the streams that are read.
    """
    asked = {
        "inventory": f"updated_at:>='{_written(cursors['inventory'])}'",
        "tender": f"processed_at:>='{_written(cursors['tender_transactions'])}'",
    }
    data = api.execute(operation("Watermark"), asked).data
    found = {stream: data[stream]["nodes"] for stream in ("orders", "customers", "products")}
    levels = [node for location in data["locations"]["nodes"] for node in location["inventoryLevels"]["nodes"]]
    found["inventory"] = data["inventoryItems"]["nodes"] + levels
    found["tender_transactions"] = data["tenderTransactions"]["nodes"]
    for stream, (document, path) in _NOT_IN_EVERY_SHOP.items():
        if stream in cursors:
            held: Any = api.execute(operation(document)).data
            for name in (*path, "nodes"):
                held = held and held[name]
            found[stream] = held or []
    stamps = {stream: [_instant(at) for node in nodes for at in node.values() if at] for stream, nodes in found.items()}
    return {stream: max(known) for stream, known in stamps.items() if known}


def _written(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _instant(stamp: str) -> datetime:
    return datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
