"""What Shopify Payments does, from the warehouse into the journal: each movement once, under its own account and day.

Here: rows as Shopify would hold them, and what the books say then. Not here: gift cards and store credit
(``test_push_credit.py``), full shops (``test_clearing.py``).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from shopify_pipeline.warehouse.connect import connect
from shopify_pipeline.warehouse.loads import Loads
from shopify_pipeline_tests.reconcile.a_shop import NOON, Placed
from shopify_pipeline_tests.reconcile.warehouse_rows import BEFORE, SHOP
from shopify_pipeline_tests.steps.money_outside import (
    BANK,
    CLEARING,
    DISPUTED,
    EXCHANGE,
    FEES,
    LOSSES,
    MONEY_MAP,
    MoneyShop,
    at,
)

TODAY = date(2026, 11, 12)


@pytest.fixture
def shop(warehouse_dsn: str, tmp_path: Path) -> Iterator[MoneyShop]:
    with connect(warehouse_dsn) as conn:
        yield MoneyShop.opened(conn, tmp_path)


def paid_order(shop: MoneyShop, net: str = "100.00") -> Placed:
    """An order over so much and 5 % tax, paid through Shopify Payments."""
    return shop.order((shop.item(), 1, net))


class TestShopifyPayments:
    def test_a_charge_adds_only_its_fee_to_the_payment_its_order_books(self, shop: MoneyShop) -> None:
        order = paid_order(shop)
        shop.balance(9, "CHARGE", "105.00", "3.30", order_transaction_id=order.transaction_id, order_id=order.order_id)
        shop.push()
        assert shop.entries() == {"balance/9": (TODAY, {CLEARING: "-3.30", FEES: "3.30"})}
        clearing = [row.amount for row in shop.journal.ledger("a-shop.myshopify.com") if row.account == CLEARING]
        assert sum(clearing) == Decimal("101.70")

    def test_a_fee_names_the_order_that_is_in_the_books(self, shop: MoneyShop) -> None:
        order = paid_order(shop)
        shop.balance(9, "CHARGE", "105.00", "3.30", order_transaction_id=order.transaction_id, order_id=order.order_id)
        shop.push()
        orders = {row.order_id for row in shop.journal.ledger("a-shop.myshopify.com") if row.resource == "entries"}
        assert orders == {str(order.order_id)}

    def test_what_conversion_made_of_a_payment_has_an_account_of_its_own(self, shop: MoneyShop) -> None:
        order = paid_order(shop)
        shop.balance(9, "CHARGE", "104.90", "3.30", order_transaction_id=order.transaction_id)
        shop.push()
        assert shop.booked() == {"balance/9": {CLEARING: "-3.40", FEES: "3.30", EXCHANGE: "0.10"}}

    def test_a_charge_without_a_fee_is_no_entry(self, shop: MoneyShop) -> None:
        order = paid_order(shop)
        shop.balance(9, "CHARGE", "105.00", order_transaction_id=order.transaction_id)
        shop.push()
        assert shop.booked() == {}
        assert shop.marks() == []

    def test_a_charge_waits_for_its_payment_and_is_booked_without_a_new_mark(self, shop: MoneyShop) -> None:
        shop.balance(9, "CHARGE", "20.00", "0.88", order_transaction_id=77)
        shop.push()
        assert (shop.booked(), shop.refusals()) == ({}, {})
        assert shop.marks() == [("balance_transactions", "9")]
        order = shop.order((shop.item(), 1, "10.00"), gateway=None)
        shop.add(
            "order_transactions",
            transaction_id=77,
            order_id=order.order_id,
            kind="SALE",
            status="SUCCESS",
            gateway="shopify_payments",
            amount_shop=Decimal("20.00"),
            created_at=NOON,
        )
        shop.push()
        assert shop.booked() == {"balance/9": {CLEARING: "-0.88", FEES: "0.88"}}
        assert shop.marks() == []

    def test_a_charge_that_waits_is_no_reason_for_another_push_until_it_changes(self, shop: MoneyShop) -> None:
        shop.balance(9, "CHARGE", "20.00", "0.88", order_transaction_id=77)
        assert Loads(shop.conn).is_owed(SHOP)
        shop.push()
        assert shop.marks() == [("balance_transactions", "9")]
        assert not Loads(shop.conn).is_owed(SHOP)
        shop.mark("balance_transactions", 9)
        assert Loads(shop.conn).is_owed(SHOP)

    def test_a_charge_no_order_knows_of_is_booked_whole(self, shop: MoneyShop) -> None:
        shop.balance(9, "CHARGE", "20.00", "0.88")
        shop.push()
        assert shop.booked() == {"balance/9": {CLEARING: "19.12", FEES: "0.88", EXCHANGE: "-20.00"}}

    def test_a_type_without_an_entry_in_the_map_is_refused_by_name_and_the_others_are_booked(
        self, shop: MoneyShop
    ) -> None:
        shop.balance(8, "LENDING_DEBIT", "-50.00")
        shop.balance(9, "SHIPPING_LABEL", "-7.45")
        pushed = shop.push()
        assert shop.refusals() == {
            "balance/8": "no code for balance 'LENDING_DEBIT': add it to [balance] of value_map.toml"
        }
        assert shop.booked() == {"balance/9": {CLEARING: "-7.45", FEES: "7.45"}}
        assert pushed.rejected == 1

    def test_what_was_refused_is_booked_once_the_map_knows_it(self, shop: MoneyShop) -> None:
        shop.balance(8, "LENDING_DEBIT", "-50.00")
        shop.push()
        known = msgspec.structs.replace(MONEY_MAP, balance={**MONEY_MAP.balance, "LENDING_DEBIT": LOSSES})
        shop.push(value_map=known)
        assert shop.refusals() == {}
        assert shop.booked() == {"balance/8": {CLEARING: "-50.00", LOSSES: "50.00"}}

    def test_which_payout_holds_it_changes_nothing(self, shop: MoneyShop) -> None:
        shop.balance(9, "SHIPPING_LABEL", "-7.45")
        shop.push()
        shop.sql("update shopify.balance_transactions set payout_id = 4, payout_status = 'PAID'")
        shop.mark("balance_transactions", 9)
        pushed = shop.push()
        assert pushed.counts["entries"] == {"unchanged": 1}
        assert len(shop.booked()) == 1

    def test_tests_transfers_and_what_was_before_go_live_move_nothing(self, shop: MoneyShop) -> None:
        shop.balance(6, "SHIPPING_LABEL", "-7.45", is_test=True)
        shop.balance(7, "SHIPPING_LABEL", "-7.45", transaction_at=BEFORE)
        shop.balance(8, "TRANSFER", "-100.00")
        shop.balance(9, "TRANSFER_FAILURE", "100.00")
        shop.push()
        assert shop.booked() == {}
        assert shop.marks() == []

    def test_the_day_is_the_shops(self, shop: MoneyShop) -> None:
        shop.balance(9, "SHIPPING_LABEL", "-7.45", transaction_at=at(13, 3))
        shop.push()
        assert shop.entries()["balance/9"][0] == TODAY


class TestPayouts:
    def test_a_payout_reaches_the_bank_when_it_is_paid_and_is_dated_by_its_issue(self, shop: MoneyShop) -> None:
        shop.payout(4, "41.90")
        shop.push()
        assert shop.booked() == {}
        shop.payout_becomes(4, "PAID")
        shop.push()
        assert shop.entries() == {"payout/4": (TODAY, {BANK: "41.90", CLEARING: "-41.90"})}

    def test_a_withdrawal_goes_the_other_way(self, shop: MoneyShop) -> None:
        shop.payout(4, "-15.00", "PAID")
        shop.push()
        assert shop.booked() == {"payout/4": {BANK: "-15.00", CLEARING: "15.00"}}

    @pytest.mark.parametrize("status", ["FAILED", "CANCELED"])
    def test_one_that_never_arrived_moves_nothing(self, shop: MoneyShop, status: str) -> None:
        shop.payout(4, "41.90", status)
        shop.push()
        assert shop.booked() == {}

    def test_one_the_bank_returned_after_it_was_booked_is_booked_back(self, shop: MoneyShop) -> None:
        shop.payout(4, "41.90", "PAID")
        shop.push()
        shop.balance(9, "TRANSFER_FAILURE", "41.90", source_type="TRANSFER", source_id=4, transaction_at=at(16))
        shop.payout_becomes(4, "FAILED")
        shop.push()
        shop.mark("payouts", 4)
        shop.push()
        assert shop.entries() == {
            "payout/4": (TODAY, {BANK: "41.90", CLEARING: "-41.90"}),
            "payout_back/4": (date(2026, 11, 16), {CLEARING: "41.90", BANK: "-41.90"}),
        }

    def test_one_that_came_back_waits_for_the_day_it_did(self, shop: MoneyShop) -> None:
        shop.payout(4, "41.90", "PAID")
        shop.push()
        shop.payout_becomes(4, "FAILED")
        shop.push()
        assert (list(shop.booked()), shop.refusals()) == (["payout/4"], {})
        assert shop.marks() == [("payouts", "4")]
        shop.balance(9, "TRANSFER_FAILURE", "41.90", source_type="TRANSFER", source_id=4, transaction_at=at(16))
        shop.push()
        assert shop.entries()["payout_back/4"] == (date(2026, 11, 16), {CLEARING: "41.90", BANK: "-41.90"})
        assert shop.marks() == []

    def test_one_from_before_go_live_is_booked_only_when_the_opening_balances_brought_it(self, shop: MoneyShop) -> None:
        shop.payout(4, "41.90", "PAID", issued_at=BEFORE)
        shop.payout(5, "10.00", "PAID", issued_at=BEFORE)
        shop.sql(
            "insert into backoffice.pushes (shop, resource, external_id, fingerprint, outcome, pushed_at) "
            "values (%(shop)s, 'entries', 'opening/payout/4', '', 'created', now())"
        )
        shop.push()
        assert shop.entries() == {"payout/4": (date(2026, 11, 10), {BANK: "41.90", CLEARING: "-41.90"})}


class TestDisputes:
    def opened(self, shop: MoneyShop) -> None:
        shop.balance(8, "DISPUTE_WITHDRAWAL", "-60.00", source_type="DISPUTE", source_id=3)
        shop.balance(9, "CHARGEBACK_FEE", "0", "15.00", source_type="DISPUTE", source_id=3)

    def test_a_chargeback_holds_the_money_and_costs_a_fee_until_it_is_decided(self, shop: MoneyShop) -> None:
        self.opened(shop)
        shop.push()
        assert shop.booked() == {
            "balance/8": {CLEARING: "-60.00", DISPUTED: "60.00"},
            "balance/9": {CLEARING: "-15.00", FEES: "15.00"},
        }

    @pytest.mark.parametrize("status", ["LOST", "ACCEPTED"])
    def test_a_lost_one_is_a_loss_on_the_day_the_bank_decided(self, shop: MoneyShop, status: str) -> None:
        self.opened(shop)
        shop.add("disputes", dispute_id=3, type="CHARGEBACK", status=status, reason="FRAUDULENT", finalized_on=at(18))
        shop.mark("disputes", 3)
        shop.push()
        assert shop.entries()["dispute/3"] == (date(2026, 11, 18), {LOSSES: "60.00", DISPUTED: "-60.00"})

    def test_a_lost_one_waits_for_what_it_took(self, shop: MoneyShop) -> None:
        shop.add("disputes", dispute_id=3, type="CHARGEBACK", status="LOST", reason="FRAUDULENT", finalized_on=at(18))
        shop.mark("disputes", 3)
        shop.push()
        assert shop.marks() == [("disputes", "3")]
        self.opened(shop)
        shop.push()
        assert shop.booked()["dispute/3"] == {LOSSES: "60.00", DISPUTED: "-60.00"}

    def test_an_inquiry_moves_nothing(self, shop: MoneyShop) -> None:
        shop.add("disputes", dispute_id=3, type="INQUIRY", status="LOST", reason="FRAUDULENT", finalized_on=at(18))
        shop.mark("disputes", 3)
        shop.push()
        assert shop.booked() == {}
        assert shop.marks() == []


def test_a_second_push_sends_nothing(shop: MoneyShop) -> None:
    shop.balance(9, "SHIPPING_LABEL", "-7.45")
    shop.payout(4, "41.90", "PAID")
    shop.card(5, "25.00")
    shop.credit(1, "Credit", "20.00")
    assert shop.push().counts["entries"] == {"created": 4, "unchanged": 0}
    assert shop.push().totals() == {}
