"""One shop of the sandbox, its warehouse and its books in a real Tryton, brought to agree, and one more night of them.

Here: building them once, and reading both sides again. Not here: what is changed in between, and what must be found.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from shopify_pipeline.config import Settings
from shopify_pipeline.local.profiles import PROFILES
from shopify_pipeline.local.tryton import DATABASE, USER, TrytonServer
from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.shopify.access import least_privilege
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline_tests.shopify.sandboxed import NOW, SHOP, SandboxShop, sandbox_shop
from shopify_pipeline_tests.steps.shops import shop_settings
from shopify_pipeline_tests.tampering.finding import Findings, Name

ORDERS = 50
GO_LIVE_DAYS = 20
#: Rules that wait for days: every fact is as old as it needs to be, so that nothing hides in transit.
PATIENT = ("O13", "F1", "Y3", "Y4", "Y5", "Y7")


@dataclass
class Night:
    """A shop and its books that agree.

    Attributes:
        untouched: What is open when nobody tampered: what rules want somebody to look at, and no more.
    """

    shop: SandboxShop
    tryton: TrytonServer
    pipeline: Pipeline
    untouched: Findings

    def falls(self) -> Findings:
        """Read both sides anew and compare them; what is open beyond the untouched night."""
        found = self._read_and_compare()
        return {name: value for name, value in found.items() if self.untouched.get(name, ...) != value}

    def rows(self, query: str, *values: object) -> list[Any]:
        """Rows of the warehouse."""
        with self.pipeline.connect() as conn:
            return conn.execute(query, values).fetchall()

    @contextmanager
    def books(self) -> Iterator[sqlite3.Connection]:
        """The server's own tables, in one short transaction."""
        with closing(sqlite3.connect(self.tryton.home / f"{DATABASE}.sqlite", timeout=30)) as database, database:
            yield database

    def _read_and_compare(self) -> Findings:
        with self.pipeline.connect() as conn:
            # What a tool for databases changed carries no stamp that it did.
            conn.execute("update backoffice.snapshots set read_at = null")
            conn.commit()
        self.pipeline.census()
        self.pipeline.snapshot()
        self.pipeline.reconcile()
        open_breaks = self.rows(
            "select rule, class, entity, key, difference from recon.breaks "
            "where status = 'open' and class <> 'in_transit'"
        )
        return {Name(*names): difference for *names, difference in open_breaks}


@contextmanager
def night(home: Path, dsn: str) -> Iterator[Night]:
    """Make the shop, read it, push it, and see that its books agree.

    Args:
        dsn: Of a migrated, empty warehouse.
    """
    profile = PROFILES["usd"]
    tryton = TrytonServer(home / "tryton")
    with sandbox_shop(home / "shop", orders=ORDERS, seed=5, days=40, profile="usd", mix="full") as shop:
        shop.sandbox.tokens.set_scopes(least_privilege())
        try:
            tryton.start(lambda line: None)
            settings = Settings(
                home=home,
                warehouse={"dsn": dsn},
                tryton={"url": tryton.url, "database": DATABASE, "user": USER, "password": tryton.password},
                shops={
                    "one": shop_settings(
                        shop,
                        time_zone=profile.time_zone,
                        go_live_on=NOW.date() - timedelta(days=GO_LIVE_DAYS),
                        value_map=profile.value_map,
                    )
                },
                lag={"backoffice_seconds": 0},
                rules={name: {"lag_seconds": 0} for name in PATIENT},
            )
            pipeline = Pipeline(settings, SHOP, progress=lambda line: None)
            for stream in STREAMS:
                pipeline.extract(stream)
                pipeline.load(stream)
            pipeline.push()
            made = Night(shop, tryton, pipeline, {})
            made.untouched = made.falls()
            yield made
        finally:
            tryton.stop()
