"""The company of the tests: its value map, the codes its journal knows, and the steps run on its one shop.

Not here: what the shop sells (``a_shop.py``), and any expectation.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from shopify_pipeline.backoffice.journal import Chart, JournalBackOffice
from shopify_pipeline.backoffice.mapping import Recognition
from shopify_pipeline.backoffice.protocol import BackOffice
from shopify_pipeline.backoffice.value_map import ValueMap
from shopify_pipeline.clock import SimulatedClock
from shopify_pipeline.config_sections import BackofficeSettings
from shopify_pipeline.steps.push import Pushed, push
from shopify_pipeline.steps.reconcile import Reconciled, reconcile
from shopify_pipeline.steps.snapshot import take_snapshot
from shopify_pipeline.warehouse.connect import Connection
from shopify_pipeline_tests.reconcile.census_rows import CENSUS
from shopify_pipeline_tests.reconcile.warehouse_rows import SHOP, orders_were_read

ZONE = "America/New_York"
GO_LIVE_ON = date(2026, 11, 10)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)

VALUE_MAP = ValueMap(
    source="value_map.toml",
    lines={"PRODUCT": "4000", "SHIPPING": "4100", "ADJUSTMENT": "4900", "FEE": "4400", "GIFT_CARD": "2300"},
    gateways={"shopify_payments": "1100", "paypal": "1110"},
    taxes={"State Tax 5%": "State Tax 5%"},
    locations={"Brooklyn": "EAST", "Oakland": "WEST"},
    accounts={"receivable": "1200", "tax": "2200", "rounding": "4910"},
)
CHART = Chart(
    currency="USD",
    receivable="1200",
    accounts=frozenset({"4000", "4100", "4900", "4400", "2300", "1100", "1110"}),
    taxes={"State Tax 5%": "2200"},
    locations=frozenset({"EAST", "WEST"}),
)


@dataclass
class Company:
    """A warehouse connection, and a journal as the back office.

    Attributes:
        folder: Where the journal is.
        clock: Ours; it stands still.
        lines: Progress told so far.
        limits: How patient a push is with the back office.
    """

    conn: Connection
    folder: Path
    clock: SimulatedClock = field(default_factory=lambda: SimulatedClock(NOW))
    lines: list[str] = field(default_factory=list)
    limits: BackofficeSettings = field(default_factory=BackofficeSettings)
    journal: BackOffice = field(init=False)

    def __post_init__(self) -> None:
        self.journal = JournalBackOffice(self.folder / "journal.jsonl", CHART)
        orders_were_read(self.conn, SHOP, NOW + timedelta(days=365))

    def sql(self, statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """Run a statement of the test's own, committed; rows when it gives any."""
        with self.conn.transaction():
            cursor = self.conn.execute(statement, {"shop": SHOP, **parameters})  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def push(self, *, value_map: ValueMap = VALUE_MAP, backoffice: BackOffice | None = None) -> Pushed:
        """Push what is due."""
        return push(
            self.conn,
            backoffice or self.journal,
            shop=SHOP,
            value_map=value_map,
            go_live_on=GO_LIVE_ON,
            time_zone=ZONE,
            clock=self.clock,
            rng=Random(7),
            limits=self.limits,
            batch_size=10,
            progress=self.lines.append,
        )

    def snapshot(self) -> None:
        """Read the journal."""
        take_snapshot(self.conn, self.journal, shop=SHOP, clock=self.clock, progress=self.lines.append)

    def count(self, *, as_of: datetime = NOW) -> None:
        """A census that says what the shop holds, in the sums Shopify derives (identities I3 to I6 of its ledger)."""
        with self.conn.transaction():
            for statement in CENSUS:
                self.conn.execute(statement, {"shop": SHOP, "as_of": as_of})  # type: ignore[arg-type]

    def reconcile(
        self,
        *,
        lag: timedelta = timedelta(hours=1),
        value_map: ValueMap = VALUE_MAP,
        recognition: Recognition = "order",
    ) -> Reconciled:
        """Run every rule."""
        return reconcile(
            self.conn,
            shop=SHOP,
            value_map=value_map,
            go_live_on=GO_LIVE_ON,
            time_zone=ZONE,
            lag_seconds=int(lag.total_seconds()),
            clock=self.clock,
            recognition=recognition,
        )

    def breaks(self, status: str = "open") -> list[tuple[str, str, str, str]]:
        """(rule, class, entity, sub key) of breaks with this status."""
        return self.sql(  # type: ignore[return-value]
            "select rule, class, entity, key from recon.breaks where status = %(status)s order by 1, 3, 4",
            status=status,
        )
