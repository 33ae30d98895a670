"""Shops in which everything happens, from their API through warehouse and journal to the rules: nobody finds a break.

Here: the whole way of full worlds of every kind of shop. What one rule says of one error is in ``test_rules.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import pytest

from shopify_pipeline.config import Settings
import shopify_pipeline.local as profiles
from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.shopify.access import least_privilege
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline_tests.shopify.sandboxed import NOW, SHOP, SandboxShop, sandbox_shop
from shopify_pipeline_tests.steps.shops import shop_settings

GO_LIVE_DAYS = 20
ORDERS = 120
Break = tuple[str, str, str]


@dataclass
class Whole:
    """A shop, a pipeline that reads it, and a journal it is pushed into."""

    shop: SandboxShop
    pipeline: Pipeline

    def run(self) -> None:
        """Everything the main job does, without the marts."""
        for stream in STREAMS:
            self.pipeline.extract(stream)
            self.pipeline.load(stream)
        self.pipeline.push()
        self.pipeline.census()
        self.pipeline.snapshot()
        self.pipeline.reconcile()

    def breaks(self) -> list[Break]:
        """(rule, class, message) of what is open."""
        return self.rows("select rule, class, message from recon.breaks where status = 'open' order by 1, 3")

    def refused(self) -> list[tuple[str, str, str]]:
        """(resource, id, reason) of what the back office did not take."""
        return self.rows(
            "select resource, external_id, reason from backoffice.pushes where outcome = 'rejected' order by 1, 2"
        )

    def rows(self, query: str) -> list[Any]:
        with self.pipeline.connect() as conn:
            return conn.execute(query).fetchall()


@contextmanager
def whole(
    home: Path, dsn: str, profile: str, recognition: Literal["order", "fulfillment"] = "order"
) -> Iterator[Whole]:
    with sandbox_shop(home / "shop", orders=ORDERS, seed=5, days=60, profile=profile, mix="full") as shop:
        shop.sandbox.tokens.set_scopes(least_privilege())
        store = shop.sandbox.store.shop
        settings = Settings(
            home=home,
            warehouse={"dsn": dsn},
            backoffice={"adapter": "journal", "options": {"currency": store.currency}},
            shops={
                "one": shop_settings(
                    shop,
                    time_zone=store.timezone,
                    go_live_on=NOW.date() - timedelta(days=GO_LIVE_DAYS),
                    value_map=Path(profiles.__file__).with_name("value_map.toml" if profile == "usd" else f"value_map_{profile}.toml"),
                    recognition=recognition,
                )
            },
            lag={"backoffice_seconds": 0},
        )
        yield Whole(shop, Pipeline(settings, SHOP, progress=lambda line: None))


@pytest.mark.parametrize("profile", ["usd", "gbp", "jpy", "kwd"])
def test_a_shop_in_which_everything_happens_agrees_with_its_books(
    profile: str, tmp_path: Path, warehouse_dsn: str
) -> None:
    with whole(tmp_path, warehouse_dsn, profile) as one:
        one.run()
        print(one.refused())
        print(*one.breaks(), sep="\n")
        assert one.breaks() == []
