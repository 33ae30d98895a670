"""One night read from the break ledger and from both readings, inside the caller's transaction.

Here: rows into facts (``report.sql`` → ``night.py``). Not here: what the books should hold (the step makes those
temporary tables), how anything looks.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow, dict_row

from shopify_pipeline.errors import PermanentError
from shopify_pipeline.report.night import Aged, Break, Clearing, Compared, Listed, Night, Payout, Residual, Run, Total
from shopify_pipeline.report.shelf import day_of
from shopify_pipeline.statements import statements

SQL = statements(Path(__file__).with_name("report.sql"))

#: Days whose control totals are shown.
DAYS = 7

#: Breaks listed per state; the break ledger has all of them.
TOP = 200

Conn = Connection[TupleRow]
Rows = list[dict[str, Any]]
Shape = TypeVar("Shape", bound=msgspec.Struct)


def read_night(conn: Conn, shop: str, zone: str) -> Night:
    """What the shop's last reconciliation says.

    Args:
        conn: Inside the REPEATABLE READ transaction that holds the temporary tables of ``reconcile/expected.sql``.
        zone: The shop's IANA time zone.

    Raises:
        PermanentError: The shop was never reconciled, or one side was read again since.
    """
    found = _rows(conn, "run", shop=shop)
    if not found:
        raise PermanentError(
            f"{shop} was never reconciled: there is nothing to report; run: shopify-pipeline reconcile"
        )
    run = found[0]
    if not run["is_of_these_readings"]:
        raise PermanentError(
            f"{shop} was counted or its books were read again since it was reconciled; run: shopify-pipeline reconcile"
        )
    currency = _scalar(conn, "currency", shop=shop) or ""
    asked = {"shop": shop, "run_id": run["run_id"], "currency": currency, "zone": zone, "days": DAYS, "top": TOP}
    breaks = _rows(conn, "breaks", **asked)
    (open_,) = _rows(conn, "open", **asked)
    return Night(
        shop=shop,
        zone=zone,
        currency=currency,
        day=day_of(run["as_of"], zone),
        run_id=run["run_id"],
        counted_at=run["as_of"],
        read_at=run["read_at"],
        reconciled_at=run["finished_at"],
        backoffice=run["backoffice"],
        compared=_shapes(Compared, _rows(conn, "compared", **asked)),
        open=_listed(breaks, "open"),
        attention=_listed(breaks, "attention"),
        in_transit=_listed(breaks, "in_transit"),
        accepted=_listed(breaks, "accepted"),
        errors=open_["errors"],
        oldest_days=open_["oldest_days"],
        at_risk={row["currency"]: row["sum"] for row in _rows(conn, "at_risk", **asked)},
        ages=_shapes(Aged, _rows(conn, "ages", **asked)),
        totals=_shapes(Total, _rows(conn, "totals", **asked)),
        clearing=_shapes(Clearing, _rows(conn, "clearing", **asked)),
        payouts=_shapes(Payout, _rows(conn, "payouts", **asked)),
        runs=[_run(row) for row in _rows(conn, "runs", **asked)],
        residuals=_shapes(Residual, _rows(conn, "residuals", **asked)),
    )


def _run(row: dict[str, Any]) -> Run:
    amounts = {currency: Decimal(text) for currency, text in row.pop("amount_at_risk").items()}
    return Run(amount_at_risk=amounts, **row)


def _listed(rows: Rows, state: str) -> Listed:
    held = [row for row in rows if row["state"] == state]
    breaks = [{name: value for name, value in row.items() if name not in ("state", "of_state")} for row in held]
    return Listed(count=held[0]["of_state"] if held else 0, breaks=_shapes(Break, breaks))


def _shapes(shape: type[Shape], rows: Rows) -> list[Shape]:
    return [shape(**row) for row in rows]


def _scalar(conn: Conn, name: str, **values: Any) -> Any:
    row = conn.execute(SQL[name], values).fetchone()
    return row[0] if row else None


def _rows(conn: Conn, name: str, **values: Any) -> Rows:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(SQL[name], values).fetchall()
