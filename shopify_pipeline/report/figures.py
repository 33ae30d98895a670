"""What the last run of a shop says in numbers, rule by rule and in all: what checks and plots are made of.

Here: reading them. Not here: single breaks and both sides' sums (``reading.py``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow, dict_row

from shopify_pipeline.errors import PermanentError
from shopify_pipeline.report.words import counted, days, money
from shopify_pipeline.statements import statements

SQL = statements(Path(__file__).with_name("figures.sql"))


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """One rule in the last run.

    Attributes:
        open: Open breaks without what is in transit and what only asks for attention.
        oldest_days: Age of the oldest of them; None when there is none.
        amount_at_risk: Sum of their differences without signs, by currency.
    """

    rule: str
    title: str
    severity: str
    checked: int
    open: int
    in_transit: int
    accepted: int
    oldest_days: int | None
    amount_at_risk: Mapping[str, Decimal]

    @property
    def says(self) -> str:
        """The rule's verdict in one sentence."""
        if self.open:
            risk = "".join(f", {money(amount, code)} {code} at risk" for code, amount in self.amount_at_risk.items())
            return f"{counted(self.open, 'break')} open{risk}, the oldest {days(self.oldest_days or 0)}"
        if not self.checked:
            return "nothing was compared"
        return f"{self.checked:,} compared, no difference is open"


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """The last run of a shop.

    Attributes:
        as_of: When the shop was counted, by its own clock; UTC.
        currency: The shop's.
        rules_score: Share of rules without an open break.
        clearing_score: Share of clearing accounts without one; None when none was compared.
    """

    run_id: int
    as_of: datetime
    currency: str | None
    open: int
    in_transit: int
    rules_score: Decimal | None
    clearing_score: Decimal | None
    rules: list[Judged]

    @property
    def open_by_severity(self) -> dict[str, int]:
        counts = Counter({"error": 0, "warning": 0})
        for each in self.rules:
            counts[each.severity] += each.open
        return dict(counts)

    @property
    def amount_at_risk(self) -> dict[str, Decimal]:
        """By currency; the shop's is always there."""
        sums: dict[str, Decimal] = {self.currency: Decimal(0)} if self.currency else {}
        for each in self.rules:
            for currency, amount in each.amount_at_risk.items():
                sums[currency] = sums.get(currency, Decimal(0)) + amount
        return sums

    @property
    def rules_passed(self) -> int:
        return sum(not each.open for each in self.rules)

    @property
    def oldest_days(self) -> int:
        """Age of the oldest open break; 0 when there is none."""
        return max((each.oldest_days or 0 for each in self.rules), default=0)


def read_figures(conn: Connection[TupleRow], shop: str) -> Figures:
    """Figures of the shop's last run.

    Raises:
        PermanentError: The shop was never reconciled.
    """
    with conn.cursor(row_factory=dict_row) as cursor:
        run = cursor.execute(SQL["run"], {"shop": shop}).fetchone()
        if run is None:
            raise PermanentError(f"{shop} was never reconciled; run: shopify-pipeline reconcile")
        rows = cursor.execute(SQL["rules"], {"shop": shop, "run_id": run["run_id"]}).fetchall()
    rules = [
        Judged(amount_at_risk={currency: Decimal(text) for currency, text in row.pop("amount_at_risk").items()}, **row)
        for row in rows
    ]
    return Figures(**run, rules=rules)
