"""Report: what the last reconciliation of one shop says, as one page, kept by shop and day.

Here: the one transaction it is read in, and its file. Not here: what is on the page (``report/``), any rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow

from shopify_pipeline.backoffice.mapping import Recognition
from shopify_pipeline.errors import PermanentError
from shopify_pipeline.reconcile import ledger
from shopify_pipeline.reconcile.rules import EXPECTED, Bounds
from shopify_pipeline.report.night import Night
from shopify_pipeline.report.reading import read_night
from shopify_pipeline.report.render import render, verdict
from shopify_pipeline.report.shelf import keep, place


@dataclass(frozen=True)
class Reported:
    """A report that was written.

    Attributes:
        day: The shop's day on which it was counted.
        verdict: What it says, in one sentence.
    """

    path: Path
    day: date
    verdict: str


def read(
    conn: Connection[TupleRow], *, shop: str, go_live_on: date, time_zone: str, recognition: Recognition = "order"
) -> Night:
    """All the report tells, read in one moment.

    Args:
        conn: A connection outside any transaction.

    Raises:
        PermanentError: There is no reconciliation of the two readings there are.
    """
    with conn.transaction():
        conn.execute("set transaction isolation level repeatable read")
        as_of = ledger.counted_at(conn, shop)
        if as_of is None:
            raise PermanentError(f"{shop} was never reconciled: there is nothing to report")
        bounds = Bounds(
            shop=shop,
            as_of=as_of,
            lag=timedelta(0),
            go_live_on=go_live_on,
            time_zone=time_zone,
            value_map="",
            recognition=recognition,
        )
        parameters = msgspec.structs.asdict(bounds)
        for statement in EXPECTED.values():
            conn.execute(statement, parameters if "%(" in statement else None)
        return read_night(conn, shop, time_zone)


def write(night: Night, *, home: Path, out: Path | None = None) -> Reported:
    """Write the page, whole or not at all.

    Args:
        home: Where reports are kept by shop and day, each night's own; below it, folder ``reports``.
        out: Another file to write instead.
    """
    path = out or place(home, night.shop, night.day)
    keep(path, render(night))
    return Reported(path=path, day=night.day, verdict=verdict(night))
