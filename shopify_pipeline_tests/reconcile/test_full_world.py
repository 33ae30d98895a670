"""Shops in which everything happens, from their API through warehouse and journal to the rules: nobody finds a break.

Here: the whole way of full worlds of every kind of shop. What one rule says of one error is in ``test_rules.py``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import pytest

from shopify_pipeline.config import Settings
from shopify_pipeline.local.profiles import PROFILES, ProfileName
from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.shopify.access import least_privilege
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline_tests.shopify.sandboxed import NOW, SHOP, SandboxShop, sandbox_shop
from shopify_pipeline_tests.steps.shops import shop_settings
from shopify_sandbox.store import ActionRefused

GO_LIVE_DAYS = 20
#: What moves money or units of an order.
LIFE = (
    *(
        "split_fulfillment",
        "cancel_fulfillment",
        "place_cash_sale",
        "place_split_payment",
        "place_part_paid",
        "pay_rest",
    ),
    *(
        "place_order_of_a_company",
        "place_order_on_terms",
        "place_foreign_currency",
        "place_gift_card_sold",
        "place_tip",
    ),
    *("place_duties", "place_bundle", "use_gift_card", "use_store_credit", "refund_to_store_credit", "raise_quantity"),
    *("return", "return_with_fee", "return_without_refund", "exchange_up", "exchange_down", "ship_exchange"),
    *("refund_goodwill", "refund_shipping", "refund_less", "refund_pending", "refund_money_later", "open_dispute"),
)
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

    def lives_on(self) -> set[str]:
        """Let a few days pass in which much of what can happen does; what happened."""
        happened = set()
        self.shop.sandbox.store.advance(new_orders=15)
        for name in LIFE:
            # Not everything can happen to a shop of every kind on any day.
            with suppress(ActionRefused):
                self.shop.sandbox.store.advance(happen={name: 1}, hours=2)
                happened.add(name)
        return happened

    def put_on_a_shelf(self) -> set[int]:
        """Variants the shop took stock of by hand, or moved for a test order: the books learn of neither."""
        events = (self.shop.sandbox.state / "events.jsonl").read_text().splitlines()
        adjusted = [event for event in map(json.loads, events) if event["event"] == "stock_adjusted"]
        levels = [level for event in adjusted for level, _ in event["stock"]]
        by_hand = self.rows(
            "select v.variant_id from shopify.variants as v inner join shopify.inventory_levels as l "
            "using (shop, inventory_item_id) where l.inventory_level_id = any(array"
            f"{levels}::bigint[])"
        )
        tried = self.rows(
            "select l.variant_id from shopify.order_lines as l inner join shopify.orders as o using (shop, order_id) "
            "where o.is_test"
        )
        return {variant for (variant,) in by_hand + tried}

    def breaks(self) -> list[Break]:
        """(rule, class, message) of what is open and more than a call to look."""
        return self.rows(
            "select rule, class, message from recon.breaks where status = 'open' and class <> 'attention' order by 1, 3"
        )

    def refused(self) -> list[tuple[str, str]]:
        """(resource, reason) of what the back office did not take."""
        return self.rows("select resource, reason from backoffice.pushes where outcome = 'rejected' order by 1, 2")

    def rows(self, query: str) -> list[Any]:
        with self.pipeline.connect() as conn:
            return conn.execute(query).fetchall()


@contextmanager
def whole(
    home: Path, dsn: str, profile: ProfileName, recognition: Literal["order", "fulfillment"] = "order"
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
                    value_map=PROFILES[profile].value_map,
                    recognition=recognition,
                )
            },
            lag={"backoffice_seconds": 0},
        )
        yield Whole(shop, Pipeline(settings, SHOP, progress=lambda line: None))


def only_foreign_credit(refused: list[tuple[str, str]]) -> bool:
    """Whether nothing is missing but gift cards and store credit in a currency the books have no rate for."""
    return all(resource == "entries" and " but the journal is in " in reason for resource, reason in refused)


@pytest.mark.parametrize("profile", PROFILES)
def test_a_shop_in_which_everything_happens_agrees_with_its_books(
    profile: ProfileName, tmp_path: Path, warehouse_dsn: str
) -> None:
    with whole(tmp_path, warehouse_dsn, profile) as one:
        one.run()

        assert one.breaks() == []
        assert only_foreign_credit(one.refused()), one.refused()
        assert one.rows("select count(*) > 40 from backoffice.orders") == [(True,)]
        assert one.rows("select count(*) > 60 from backoffice.documents") == [(True,)]
        foreign = one.rows("select count(*) from recon.census_orders where currency <> presentment_currency")
        assert foreign > [(3,)]
        assert one.rows(
            "select count(*) from recon.fx_residuals where residual = 0 or currency = presentment_currency"
        ) == [(0,)]


def test_as_it_lives_on_only_what_the_shop_itself_put_on_a_shelf_is_found(tmp_path: Path, warehouse_dsn: str) -> None:
    with whole(tmp_path, warehouse_dsn, "usd") as one:
        one.run()
        documents = one.rows("select count(*) from backoffice.documents")

        assert len(one.lives_on()) > len(LIFE) * 3 / 4
        one.run()

        found = one.rows("select rule, entity from recon.breaks where status = 'open' and class <> 'attention'")
        assert set(found) <= {("I1", f"variants/{variant}") for variant in one.put_on_a_shelf()}
        assert one.rows("select count(*) from backoffice.documents") > documents
        assert one.rows(
            "select count(*) > 0 from backoffice.ledger where account = '4910' and resource = 'payments'"
        ) == [(True,)]
        ledger = one.rows("select * from backoffice.ledger order by 1, 2, 3, 5, 8")
        one.run()
        assert one.rows("select * from backoffice.ledger order by 1, 2, 3, 5, 8") == ledger


def test_it_agrees_where_revenue_waits_for_fulfillment(tmp_path: Path, warehouse_dsn: str) -> None:
    with whole(tmp_path, warehouse_dsn, "gbp", "fulfillment") as one:
        one.run()

        assert one.breaks() == []
        assert one.rows(
            "select distinct account from backoffice.ledger where external_id like 'release/%' order by 1"
        ) == [
            ("2400",),
            ("4000",),
        ]
