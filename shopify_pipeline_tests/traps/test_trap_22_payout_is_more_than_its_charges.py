"""Trap 22: a payout is not the sum of charges and refunds; reserves, fees and adjustments are in it, listed or not."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from shopify_pipeline.shopify.pages import Body, PageReader
from shopify_pipeline.shopify.streams import RootReading
from shopify_pipeline.shopify.windows import Window
from shopify_pipeline_tests.traps.followed import FollowedShop, followed_shop
from shopify_sandbox.world.currency import major
from shopify_sandbox.world.payout_records import BalanceTransaction, PaymentsAccount

#: Payouts that are not the sum of what is listed for them: by how much, and by how much in each group of the summary
#: that tells the groups apart.
UNEXPLAINED = """
    with listed as (
        select
            payout_id,
            sum(net) as net,
            sum(amount) filter (where type = 'CHARGE') as charges,
            sum(amount) filter (where type = 'REFUND') as refunds,
            sum(amount) filter (where type in ('RESERVED_FUNDS', 'RESERVED_FUNDS_REVERSAL')) as reserved,
            sum(amount) filter (where type = 'TRANSFER_FAILURE') as retried
        from shopify.balance_transactions
        where type <> 'TRANSFER' and not _deleted
        group by payout_id
    )
    select
        p.payout_id,
        p.net - coalesce(listed.net, 0),
        p.charges_gross - coalesce(charges, 0),
        p.refunds_gross - coalesce(refunds, 0),
        p.reserved_funds_gross - coalesce(reserved, 0),
        p.retried_payouts_gross - coalesce(retried, 0)
    from shopify.payouts as p
    left join listed using (payout_id)
    where p.net <> coalesce(listed.net, 0)
    order by p.payout_id
"""


@pytest.fixture
def shop(tmp_path: Path, warehouse_dsn: str) -> Iterator[FollowedShop]:
    with followed_shop(tmp_path, warehouse_dsn, orders=60) as running:
        yield running


def account(shop: FollowedShop) -> PaymentsAccount:
    found = shop.store.state.payments
    assert found is not None
    return found


def paid_out(shop: FollowedShop) -> dict[int, Decimal]:
    return {each.id: major(each.net, each.currency) for each in account(shop).payouts.values()}


def test_everything_a_payout_is_made_of_is_read_whatever_its_type(
    shop: FollowedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = Counter(one.type for one in account(shop).transactions.values())
    assert {"CHARGE", "REFUND", "RESERVED_FUNDS", "CHARGEBACK_FEE", "ADJUSTMENT", "SHIPPING_LABEL"} <= set(kinds)

    def check() -> None:
        shop.sync("payouts")
        assert shop.rows("select type, count(*) from shopify.balance_transactions group by type order by type") == [
            *sorted(Counter(one.type for one in account(shop).transactions.values()).items())
        ]
        assert dict(shop.rows("select payout_id, net from shopify.payouts")) == paid_out(shop)
        assert shop.rows(UNEXPLAINED) == []

    check()
    window = PageReader.window

    def of_orders(self: PageReader, reading: RootReading, within: Window, *, counted: int | None) -> Iterator[Body]:
        """Read what came of orders: their charges and refunds."""
        for body in window(self, reading, within, counted=counted):
            answer = json.loads(body.raw)
            listed: dict[str, Any] = answer["data"]["shopifyPaymentsAccount"].get("balanceTransactions", {"nodes": []})
            listed["nodes"] = [node for node in listed["nodes"] if node["type"] in ("CHARGE", "REFUND", "TRANSFER")]
            yield replace(body, raw=json.dumps(answer).encode())

    monkeypatch.setattr(PageReader, "window", of_orders)
    shop.store.advance(happen={"hold_reserve": 1, "buy_shipping_label": 1}, hours=24 * 8)
    with pytest.raises(AssertionError):
        check()


def test_what_the_shop_does_not_list_is_a_difference_with_an_amount_and_is_made_good_by_nothing(
    shop: FollowedShop,
) -> None:
    hidden = next(one for one in account(shop).transactions.values() if one.type == "RESERVED_FUNDS" and one.payout)
    _no_longer_list(account(shop), hidden)
    amount, payout = major(hidden.amount, account(shop).currency), hidden.payout
    assert payout is not None
    assert amount == major(hidden.net, account(shop).currency) < 0

    loaded = shop.sync("payouts")
    assert (loaded.quarantined, loaded.superseded) == (0, 0)
    assert shop.rows(UNEXPLAINED) == [(payout.id, amount, 0, 0, amount, 0)]
    assert dict(shop.rows("select payout_id, net from shopify.payouts")) == paid_out(shop)
    assert {number for (number,) in shop.rows("select balance_transaction_id from shopify.balance_transactions")} == {
        *account(shop).transactions
    }


def _no_longer_list(account: PaymentsAccount, one: BalanceTransaction) -> None:
    """The payout still counts it, and the list of the account does not have it."""
    del account.transactions[one.id]
    account.listed.remove(one)
