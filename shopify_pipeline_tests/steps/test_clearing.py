"""Where the money stands in the books is where the shop's auditor says it stands, gateway by gateway, to the unit.

Here: the whole way of full shops, from their API through the warehouse into a journal. The auditor reads the shop's log
alone; nothing here says how a figure comes about.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from shopify_pipeline.backoffice.journal import JournalBackOffice
from shopify_pipeline.backoffice.journal_books import Chart
from shopify_pipeline.backoffice.value_map import ValueMap
from shopify_pipeline.clock import SystemClock
from shopify_pipeline.config_sections import BackofficeSettings
from shopify_pipeline.shopify.access import least_privilege
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline.steps.push import Pushed, push
from shopify_pipeline_tests.backoffice.worlds import EVER, value_map_of
from shopify_pipeline_tests.shopify.sandboxed import SHOP, SandboxShop, sandbox_shop
from shopify_pipeline_tests.steps.shops import pipeline_of, shop_settings
from shopify_sandbox.store import ActionRefused
from shopify_sandbox.truth import clearing, owed

STREAMS = ("products", "inventory", "customers", "orders", "gift_cards", "store_credit", "payouts")
#: What moves money of every kind the books know beside an order's own.
MONEY = (
    *("payout_failure", "hold_reserve", "release_reserve", "buy_shipping_label", "adjust_fee_tax", "adjust_orders"),
    *("open_dispute", "answer_dispute", "resolve_dispute"),
    *("issue_gift_card", "use_gift_card", "refund_to_gift_card", "deactivate_gift_card", "cash_out_gift_card"),
    *("grant_store_credit", "use_store_credit", "refund_to_store_credit", "fail_store_credit_payment"),
    "expire_store_credit",
)


@dataclass
class Booked:
    """A full shop, a pipeline that reads it, and a journal it is pushed into."""

    shop: SandboxShop
    pipeline: Pipeline
    value_map: ValueMap
    journal: JournalBackOffice

    def sync(self) -> Pushed:
        """Read everything, and push what is owed."""
        for stream in STREAMS:
            self.pipeline.extract(stream)
            self.pipeline.load(stream)
        with self.pipeline.connect() as conn:
            return push(
                conn,
                self.journal,
                shop=SHOP,
                value_map=self.value_map,
                go_live_on=EVER,
                time_zone=self.shop.sandbox.store.shop.timezone,
                clock=SystemClock(),
                rng=Random(1),
                limits=BackofficeSettings(),
                batch_size=20,
                progress=lambda line: None,
            )

    def happens(self, name: str) -> bool:
        """Let it happen; whether it could."""
        try:
            self.shop.sandbox.store.advance(happen={name: 1}, hours=0.2)
        except ActionRefused:
            return False
        return True

    def refusals(self) -> list[tuple[str, str, str]]:
        """(resource, id, reason) of what the books do not hold."""
        with self.pipeline.connect() as conn:
            return conn.execute(
                "select resource, external_id, reason from backoffice.pushes where outcome = 'rejected' order by 1, 2"
            ).fetchall()

    def balances(self) -> dict[str, Decimal]:
        """Debit less credit by account."""
        sums: defaultdict[str, Decimal] = defaultdict(Decimal)
        for row in self.journal.ledger(SHOP):
            sums[row.account] += row.amount
        return sums

    def clearing(self) -> dict[str, Decimal]:
        """What waits at each gateway, by the books."""
        balances = self.balances()
        return {gateway: balances[self.value_map.gateway(gateway)] for gateway in self.told()}

    def told(self) -> dict[str, Decimal]:
        """What waits at each gateway, by the auditor."""
        return {gateway: told["clearing"] for gateway, told in clearing(self.shop.sandbox.state).items()}

    def in_transit(self) -> list[tuple[int, Decimal]]:
        """Payouts that left the balance and have not reached the bank, by the warehouse."""
        with self.pipeline.connect() as conn:
            return conn.execute(
                "select payout_id, net from shopify.payouts where status = 'SCHEDULED' order by payout_id"
            ).fetchall()

    def told_in_transit(self) -> list[tuple[int, Decimal]]:
        """The same, by the auditor."""
        told = clearing(self.shop.sandbox.state)["shopify_payments"]["in_transit"]
        return [(payout["payout_id"], payout["amount"]) for payout in told]

    def liabilities(self) -> dict[str, Decimal]:
        """What is owed on gift cards and as store credit, by the books."""
        balances = self.balances()
        return {kind: -balances[self.value_map.gateway(kind)] for kind in ("gift_card", "shopify_store_credit")}

    def told_owed(self) -> dict[str, Decimal]:
        """What is owed on them, by the auditor, as far as it has a value in the shop's currency."""
        return {
            kind: told["open"] + told["sold"] + told["abroad"] for kind, told in owed(self.shop.sandbox.state).items()
        }


@contextmanager
def booked(home: Path, dsn: str, profile: str, *, orders: int = 150) -> Iterator[Booked]:
    with sandbox_shop(home / "shop", orders=orders, seed=5, days=60, profile=profile, mix="full") as shop:
        shop.sandbox.tokens.set_scopes(least_privilege())
        store, value_map = shop.sandbox.store, value_map_of(profile)
        chart = Chart(
            currency=store.shop.currency,
            receivable=value_map.account("receivable"),
            accounts=frozenset(code for kind, _, code in value_map.entries() if kind not in ("tax", "location")),
            taxes={code: value_map.account("tax") for code in value_map.taxes.values()},
            locations=frozenset(value_map.locations.values()),
        )
        pipeline = pipeline_of(home, dsn, shop_settings(shop, time_zone=store.shop.timezone))
        yield Booked(shop, pipeline, value_map, JournalBackOffice(home / "journal.jsonl", chart))


def only_foreign(refusals: list[tuple[str, str, str]]) -> bool:
    """Whether nothing is missing but credit in a currency the books have no rate for."""
    return all(resource == "entries" and " is in " in reason for resource, _, reason in refusals)


@pytest.mark.parametrize("profile", ["usd", "gbp", "jpy", "kwd"])
def test_every_gateway_and_every_liability_of_a_full_shop_stands_where_its_auditor_says(
    profile: str, tmp_path: Path, warehouse_dsn: str
) -> None:
    with booked(tmp_path, warehouse_dsn, profile) as one:
        pushed = one.sync()

        assert only_foreign(one.refusals()), one.refusals()
        assert one.clearing() == one.told()
        assert one.in_transit() == one.told_in_transit()
        assert one.liabilities() == one.told_owed()
        assert pushed.counts["entries"]["created"] > 100


def test_whatever_happens_to_money_afterwards_is_booked_once(tmp_path: Path, warehouse_dsn: str) -> None:
    with booked(tmp_path, warehouse_dsn, "usd", orders=60) as one:
        one.sync()
        before = one.told() | one.told_owed()

        happened = set()
        for _ in range(4):
            one.shop.sandbox.store.advance(new_orders=8)
            happened |= {name for name in MONEY if one.happens(name)}
            one.shop.sandbox.store.advance(hours=24 * 6)
        one.sync()
        entries = one.journal.counts(SHOP)["entries"]
        again = one.sync()

        assert happened == set(MONEY)
        assert one.told() | one.told_owed() != before
        assert only_foreign(one.refusals()), one.refusals()
        assert one.clearing() == one.told()
        assert one.liabilities() == one.told_owed()
        assert (again.documents, one.journal.counts(SHOP)["entries"]) == (0, entries)
