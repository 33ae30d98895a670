"""Trap 21: a balance transaction is read before its payout exists; its payout stays empty unless it is read again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shopify_pipeline.shopify.streams import RootReading
from shopify_pipeline.shopify.windows import Window
from shopify_pipeline_tests.traps.followed import FollowedShop, followed_shop
from shopify_sandbox.world.payout_records import PaymentsAccount


@pytest.fixture
def shop(tmp_path: Path, warehouse_dsn: str) -> Iterator[FollowedShop]:
    with followed_shop(tmp_path, warehouse_dsn, orders=60) as running:
        yield running


def account(shop: FollowedShop) -> PaymentsAccount:
    found = shop.store.state.payments
    assert found is not None
    return found


def held(shop: FollowedShop) -> dict[int, tuple[Any, ...]]:
    """Payout and its status of every balance transaction, as the store has them."""
    return {
        one.id: (one.payout.id, one.payout.status) if one.payout else (None, "PENDING")
        for one in account(shop).transactions.values()
    }


def loaded(shop: FollowedShop) -> dict[int, tuple[Any, ...]]:
    query = "select balance_transaction_id, payout_id, payout_status from shopify.balance_transactions"
    return {number: (payout, status) for number, payout, status in shop.rows(query)}


def test_a_transaction_without_a_payout_is_read_again_until_it_has_one_and_that_is_paid(
    shop: FollowedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.sync("payouts")

    def check() -> None:
        waiting = [one.id for one in account(shop).waiting]
        assert waiting
        assert {loaded(shop)[number] for number in waiting} == {(None, "PENDING")}
        # Nothing else happens: only time goes by, and Shopify decides.
        shop.store.advance(hours=24 * 8)
        assert {held(shop)[number][1] for number in waiting} == {"PAID"}
        shop.sync("payouts")
        assert loaded(shop) == held(shop)

    check()
    shop.store.advance(happen={"place_point_of_sale": 3}, hours=1)
    shop.sync("payouts")
    monkeypatch.setattr(RootReading, "window", _of_what_happened_since)
    with pytest.raises(AssertionError):
        check()


def _of_what_happened_since(reading: RootReading, window: Window) -> Window:
    """The window of a reader who takes a balance transaction for final."""
    return Window(None if reading.stamp is None else window.since, window.until, reading.stamp)
