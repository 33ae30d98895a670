"""Has a shop changed since it was last read? What the sensor asks, every few seconds.

Here: the two signs of a change, webhook hints and the watermark. Not here: reading the change; a hint is never data.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.shopify.client import AdminApi
from shopify_pipeline.shopify.queries import operation
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline.warehouse import inbox
from shopify_pipeline.warehouse.loads import Loads

#: Even a shop that shows no sign is looked at this often: a change in the very second of a cursor gives none.
QUIET_MAX = timedelta(hours=1)


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
        cursors = {stream: loads.cursor(shop, stream) for stream in STREAMS}
        last_merge = loads.last_merged_at(shop)
        is_owed = pipeline.shop.go_live_on is not None and loads.is_owed(shop)
    never = [stream for stream, cursor in cursors.items() if cursor is None]
    if never:
        return f"never loaded: {', '.join(never)}"
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


def watermarks(api: AdminApi, cursors: dict[str, datetime]) -> dict[str, datetime]:
    """Newest ``updatedAt`` per stream that has any; for inventory the newest item or level at or after its cursor.

    Items and levels cannot be sorted by their stamp, so they are asked for by what is newer than the cursor.
    """
    since = cursors["inventory"].strftime("%Y-%m-%dT%H:%M:%SZ")
    data = api.execute(operation("Watermark"), {"inventory": f"updated_at:>='{since}'"}).data
    stamps = {stream: data[stream]["nodes"] for stream in ("orders", "customers", "products")}
    levels = [node for location in data["locations"]["nodes"] for node in location["inventoryLevels"]["nodes"]]
    stamps["inventory"] = data["inventoryItems"]["nodes"] + levels
    return {stream: max(map(_instant, nodes)) for stream, nodes in stamps.items() if nodes}


def _instant(node: dict[str, str]) -> datetime:
    return datetime.strptime(node["updatedAt"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
