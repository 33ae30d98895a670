"""Counts: with the shop as stock master, what the back office has otherwise is proposed as a count, and applied.

Here: finding, keeping and sending them. Not here: opening counts (``push.py``), and any judgement on why stock differs;
a count is the last resort, because it moves the cost of goods.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow, class_row

from shopify_pipeline import backoffice as room
from shopify_pipeline.backoffice.mapping import Books
from shopify_pipeline.backoffice.protocol import BackOffice, StockCount
from shopify_pipeline.backoffice.value_map import ValueMap
from shopify_pipeline.clock import Clock
from shopify_pipeline.statements import statements
from shopify_pipeline.steps.push_sending import Sender

SQL = statements(Path(room.__path__[0], "counts.sql"))
BATCH = 200

Conn = Connection[TupleRow]


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """An item the two sides count otherwise; ``pending`` says why it is no count yet, None when it is one."""

    inventory_item_id: int
    product: str
    location: str
    shop_quantity: int
    backoffice_quantity: int
    pending: str | None

    def as_json(self) -> dict[str, Any]:
        return msgspec.structs.asdict(self)


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """A count that waits for somebody to apply it."""

    external_id: str
    product: str
    location: str
    shop_quantity: int
    backoffice_quantity: int
    counted_on: date
    account: str | None


@dataclass(frozen=True)
class Proposed:
    """What differs: counts that are proposed now, and items for which something is pending."""

    proposed: Sequence[Found]
    pending: Sequence[Found]


def propose(conn: Conn, *, shop: str, value_map: ValueMap, books: Books, lag: timedelta, clock: Clock) -> Proposed:
    """Compare levels with the last snapshot; proposals that no longer hold are withdrawn.

    Args:
        conn: A connection outside any transaction.
        lag: How long a movement may be on its way to either side.

    Raises:
        Unmapped: The value map has no account for what counts differ by.
    """
    now = clock.now()
    today = books.day(now)
    account = value_map.account("count_differences")
    with conn.transaction():
        with conn.cursor(row_factory=class_row(Found)) as cursor:
            found = cursor.execute(
                SQL["found"],
                {
                    "shop": shop,
                    "locations": list(value_map.locations),
                    "codes": list(value_map.locations.values()),
                    "settled_before": now - lag,
                    "today": today,
                },
            ).fetchall()
        proposed = [each for each in found if each.pending is None]
        for each in proposed:
            conn.execute(
                SQL["propose"],
                {
                    **msgspec.structs.asdict(each),
                    "shop": shop,
                    "external_id": _external_id(each, today),
                    "today": today,
                    "account": account,
                    "now": now,
                },
            )
        kept = [_external_id(each, today) for each in proposed]
        conn.execute(SQL["withdraw"], {"shop": shop, "now": now, "external_ids": kept})
    return Proposed(proposed=proposed, pending=[each for each in found if each.pending is not None])


def apply(
    conn: Conn,
    backoffice: BackOffice,
    *,
    shop: str,
    sender: Sender,
    who: str,
    clock: Clock,
    progress: Callable[[str], None],
) -> dict[str, int]:
    """Book every proposal; what is not taken stays proposed with the reason.

    Args:
        who: Who applies them, for the record.

    Returns:
        Records by outcome.
    """
    with conn.transaction(), conn.cursor(row_factory=class_row(Proposal)) as cursor:
        proposals = cursor.execute(SQL["proposed"], {"shop": shop}).fetchall()
    for start in range(0, len(proposals), BATCH):
        batch = [_count(each) for each in proposals[start : start + BATCH]]
        sender.send("stock_counts", batch, backoffice.push_stock_counts)
        ids = [count.external_id for count in batch]
        with conn.transaction():
            conn.execute(SQL["decide"], {"shop": shop, "external_ids": ids, "who": who, "now": clock.now()})
        progress(f"counts: {start + len(batch)} of {len(proposals)} sent")
    return {outcome: records for outcome, records in sender.pushed.counts["stock_counts"].items() if records}


def _external_id(found: Found, today: date) -> str:
    return f"count/{found.inventory_item_id}/{found.location}/{today}"


def _count(proposal: Proposal) -> StockCount:
    return StockCount(
        external_id=proposal.external_id,
        product=proposal.product,
        location=proposal.location,
        quantity=proposal.shop_quantity,
        counted_on=proposal.counted_on,
        was=proposal.backoffice_quantity,
        account=proposal.account,
    )
