"""Where the auditor says the shop's money stands: what each thing that happens changes, and nothing else."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shopify_pipeline_tests.sandbox.world_cases import NOW, SHOP
from shopify_sandbox.cli import app
from shopify_sandbox.store import Store
from shopify_sandbox.truth import clearing, owed
from shopify_sandbox.world.arguments import Arguments


@dataclass(frozen=True)
class AShop:
    """A full shop, and the directory its log is in."""

    store: Store
    path: Path

    def figures(self) -> dict[str, Decimal]:
        """What waits at each gateway, and what can be spent of what is owed."""
        waiting = {gateway: told["clearing"] for gateway, told in clearing(self.path).items()}
        return waiting | {kind: told["open"] for kind, told in owed(self.path).items()}

    def changed_by(self, happening: str) -> dict[str, Decimal]:
        """By how much figures change when it happens once."""
        before = self.figures()
        self.store.advance(happen={happening: 1})
        after = self.figures()
        return {name: after[name] - before[name] for name in after if after[name] != before[name]}


@pytest.fixture
def shop(tmp_path: Path) -> AShop:
    arguments = Arguments(seed=5, orders=80, days=40, now=NOW, shop=SHOP, mix="full")
    return AShop(Store.create(tmp_path, arguments), tmp_path)


@pytest.mark.parametrize("profile", ["gbp", "jpy", "kwd"])
def test_shopifys_balance_and_what_is_in_transit_are_what_waits_at_shopify_payments(
    profile: str, tmp_path: Path
) -> None:
    arguments = Arguments(seed=5, orders=60, days=40, now=NOW, shop=SHOP, mix="full", profile=profile)
    account = Store.create(tmp_path, arguments).state.payments
    assert account is not None
    told = clearing(tmp_path)["shopify_payments"]
    digits = {"gbp": 2, "jpy": 0, "kwd": 3}[profile]
    assert told["balance"] == Decimal(account.balance).scaleb(-digits)
    assert [(one["payout_id"], one["amount"]) for one in told["in_transit"]] == [
        (payout.id, Decimal(payout.net).scaleb(-digits)) for payout in account.underway
    ]
    assert told["clearing"] == told["balance"] + sum(one["amount"] for one in told["in_transit"])


def test_a_payout_leaves_the_balance_when_it_is_issued_and_clearing_when_the_bank_has_it(shop: AShop) -> None:
    before = clearing(shop.path)["shopify_payments"]
    for _ in range(10):
        shop.store.advance(hours=24)
        after = clearing(shop.path)["shopify_payments"]
        arrived = [payout for payout in before["in_transit"] if payout not in after["in_transit"]]
        issued = [payout for payout in after["in_transit"] if payout not in before["in_transit"]]
        if issued or arrived:
            break
        before = after
    assert after["balance"] == before["balance"] - sum(payout["amount"] for payout in issued)
    assert after["clearing"] == before["clearing"] - sum(payout["amount"] for payout in arrived)


def test_a_shipping_label_is_paid_from_the_balance(shop: AShop) -> None:
    changed = shop.changed_by("buy_shipping_label")
    assert set(changed) == {"shopify_payments"}
    assert -17 < changed["shopify_payments"] < -7


def test_a_card_that_is_given_is_owed_and_moves_no_money(shop: AShop) -> None:
    changed = shop.changed_by("issue_gift_card")
    assert set(changed) == {"gift_card"}
    assert changed["gift_card"] in {10, 25, 50, 100}


def test_a_card_that_is_cashed_out_takes_from_the_drawer_what_is_owed_no_more(shop: AShop) -> None:
    changed = shop.changed_by("cash_out_gift_card")
    assert set(changed) == {"cash", "gift_card"}
    assert changed["cash"] == changed["gift_card"] < 0


def test_a_card_that_is_deactivated_is_owed_no_more(shop: AShop) -> None:
    changed = shop.changed_by("deactivate_gift_card")
    assert set(changed) == {"gift_card"}
    assert changed["gift_card"] < 0


def test_a_payment_that_failed_leaves_store_credit_as_it_was(shop: AShop) -> None:
    assert shop.changed_by("fail_store_credit_payment") == {}


def test_an_earlier_instant_is_told_as_it_was_then(shop: AShop) -> None:
    then, told = shop.store.state.now.strftime("%Y-%m-%dT%H:%M:%SZ"), (clearing(shop.path), owed(shop.path))
    shop.store.advance(new_orders=5, refund=5, hours=30)
    assert clearing(shop.path) != told[0]
    assert (clearing(shop.path, then), owed(shop.path, then)) == told


def test_the_command_prints_both(shop: AShop) -> None:
    printed = CliRunner().invoke(app, ["truth", "--home", str(shop.path), "--clearing", "--json"])
    told = json.loads(printed.stdout)
    assert Decimal(told["clearing"]["paypal"]["clearing"]) == clearing(shop.path)["paypal"]["clearing"]
    assert Decimal(told["owed"]["gift_card"]["open"]) == owed(shop.path)["gift_card"]["open"]
