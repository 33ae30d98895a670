"""What a shop owes on gift cards and as store credit, from the warehouse into the journal: what no order books.

Here: rows as Shopify would hold them, and what the books say then. Not here: full shops (``test_clearing.py``).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from shopify_pipeline.warehouse.connect import connect
from shopify_pipeline_tests.reconcile.a_shop import NOON, Placed
from shopify_pipeline_tests.reconcile.warehouse_rows import BEFORE
from shopify_pipeline_tests.steps.money_outside import (
    BREAKAGE,
    CARDS,
    CASH,
    CREDIT,
    GIVEN,
    MoneyShop,
    at,
)

TODAY = date(2026, 11, 12)


@pytest.fixture
def shop(warehouse_dsn: str, tmp_path: Path) -> Iterator[MoneyShop]:
    with connect(warehouse_dsn) as conn:
        yield MoneyShop.opened(conn, tmp_path)


class TestGiftCards:
    def test_one_given_for_nothing_is_owed_from_its_day_on(self, shop: MoneyShop) -> None:
        shop.card(5, "25.00")
        shop.push()
        assert shop.entries() == {"gift_card/5": (TODAY, {CARDS: "-25.00", GIVEN: "25.00"})}

    def test_one_that_was_sold_is_owed_by_its_orders_invoice_alone(self, shop: MoneyShop) -> None:
        order = self.sold(shop, 1)
        shop.card(5, "25.00", order_id=order.order_id, order_line_id=order.line_ids[0])
        shop.push()
        assert (shop.booked(), shop.refusals()) == ({}, {})

    def test_one_that_holds_more_than_it_was_sold_for_is_refused(self, shop: MoneyShop) -> None:
        order = self.sold(shop, 1)
        shop.card(5, "30.00", order_id=order.order_id, order_line_id=order.line_ids[0])
        shop.push()
        assert shop.refusals() == {"gift_card/5": "gift card 5 holds 30 USD but its line sold 1 for 25"}

    def test_what_is_cashed_out_leaves_the_drawer(self, shop: MoneyShop) -> None:
        shop.card(5, "25.00", created_at=BEFORE)
        shop.card_moves(5, 1, "-4.00", NOON, "CashOut")
        shop.push()
        assert shop.booked() == {"gift_card_move/5/1": {CARDS: "4.00", CASH: "-4.00"}}

    def test_a_payment_with_it_is_the_orders(self, shop: MoneyShop) -> None:
        shop.card(5, "25.00", created_at=BEFORE)
        self.pays(shop, 77, "10.00")
        shop.card_moves(5, 1, "-10.00", NOON + timedelta(seconds=2))
        shop.push()
        assert (shop.booked(), shop.refusals()) == ({}, {})
        assert shop.marks() == []

    def test_what_no_payment_moved_was_moved_by_hand(self, shop: MoneyShop) -> None:
        shop.card(5, "25.00", created_at=BEFORE)
        shop.card_moves(5, 1, "-10.00", NOON)
        shop.card_moves(5, 2, "3.00", NOON)
        shop.push()
        assert shop.booked() == {
            "gift_card_move/5/1": {CARDS: "10.00", GIVEN: "-10.00"},
            "gift_card_move/5/2": {CARDS: "-3.00", GIVEN: "3.00"},
        }

    def test_one_payment_and_two_movements_like_it_cannot_be_told_apart(self, shop: MoneyShop) -> None:
        self.pays(shop, 77, "10.00")
        for card in (5, 6):
            shop.card(card, "25.00", created_at=BEFORE)
            shop.card_moves(card, card, "-10.00", NOON)
        shop.push()
        assert shop.booked() == {}
        assert {name: reason.partition(";")[0] for name, reason in shop.refusals().items()} == {
            f"gift_card_move/{card}/{card}": (
                f"gift card {card}: transaction {card} over -10 USD may or may not be the payment of an order"
            )
            for card in (5, 6)
        }

    def test_they_are_told_apart_once_the_other_payment_is_read(self, shop: MoneyShop) -> None:
        self.pays(shop, 77, "10.00")
        for card in (5, 6):
            shop.card(card, "25.00", created_at=BEFORE)
            shop.card_moves(card, card, "-10.00", NOON)
        shop.push()
        self.pays(shop, 78, "10.00")
        shop.push()
        assert (shop.booked(), shop.refusals()) == ({}, {})

    def test_a_payment_of_the_same_amount_hours_away_is_never_guessed_to_be_meant(self, shop: MoneyShop) -> None:
        self.pays(shop, 77, "10.00")
        shop.card(5, "25.00", created_at=BEFORE)
        shop.card_moves(5, 1, "-10.00", NOON + timedelta(hours=2))
        shop.push()
        assert list(shop.refusals()) == ["gift_card_move/5/1"]

    def test_a_movement_waits_until_orders_were_read_that_far(self, shop: MoneyShop) -> None:
        shop.sql("update ops.cursors set cursor_at = %(at)s", at=NOON - timedelta(hours=1))
        shop.card(5, "25.00", created_at=BEFORE)
        shop.card_moves(5, 1, "-10.00", NOON)
        shop.push()
        assert shop.booked() == {}
        assert shop.marks() == [("gift_cards", "5")]
        self.pays(shop, 77, "10.00")
        shop.sql("update ops.cursors set cursor_at = %(at)s", at=at(13))
        shop.push()
        assert (shop.booked(), shop.marks()) == ({}, [])

    def test_what_is_left_on_one_that_expires_is_earned_the_day_after_its_last(self, shop: MoneyShop) -> None:
        shop.card(5, "25.00", created_at=BEFORE, expires_on=date(2026, 11, 14))
        shop.card_moves(5, 1, "-4.00", NOON, "CashOut")
        shop.push()
        assert list(shop.booked()) == ["gift_card_move/5/1"]
        shop.cards_were_read(at(15, 4))
        shop.push()
        assert list(shop.booked()) == ["gift_card_move/5/1"]
        # Midnight of New York is five o'clock of UTC.
        shop.cards_were_read(at(15, 6))
        shop.push()
        assert shop.entries()["gift_card_end/5"] == (date(2026, 11, 15), {CARDS: "21.00", BREAKAGE: "-21.00"})
        assert shop.push().totals() == {}

    def test_what_is_left_on_one_that_is_deactivated_is_earned_then(self, shop: MoneyShop) -> None:
        shop.card(5, "25.00", created_at=BEFORE, deactivated_at=at(13))
        shop.push()
        assert shop.entries() == {"gift_card_end/5": (date(2026, 11, 13), {CARDS: "25.00", BREAKAGE: "-25.00"})}

    def test_what_is_put_on_one_that_has_ended_is_owed_to_nobody(self, shop: MoneyShop) -> None:
        shop.card(5, "25.00", created_at=BEFORE, deactivated_at=at(13))
        self.pays(shop, 77, "6.00", kind="REFUND", at=at(14))
        shop.card_moves(5, 1, "6.00", at(14))
        shop.push()
        assert shop.booked()["gift_card_end/5/1"] == {CARDS: "6.00", BREAKAGE: "-6.00"}

    def test_one_that_ended_before_go_live_is_no_news(self, shop: MoneyShop) -> None:
        shop.card(5, "25.00", created_at=BEFORE, deactivated_at=BEFORE)
        shop.card(6, "25.00", created_at=BEFORE, expires_on=date(2026, 11, 4))
        shop.cards_were_read(at(15))
        shop.push()
        assert shop.booked() == {}

    def test_one_whose_sale_was_taken_back_is_written_off_by_the_credit_note(self, shop: MoneyShop) -> None:
        order = self.sold(shop, 1)
        self.takes_back(shop, order, 1)
        shop.card(5, "25.00", order_id=order.order_id, order_line_id=order.line_ids[0], deactivated_at=at(14))
        shop.push()
        assert (shop.booked(), shop.refusals()) == ({}, {})

    def test_what_was_used_of_it_before_was_given_away(self, shop: MoneyShop) -> None:
        order = self.sold(shop, 1)
        self.takes_back(shop, order, 1)
        shop.card(5, "25.00", order_id=order.order_id, order_line_id=order.line_ids[0], deactivated_at=at(14))
        self.pays(shop, 77, "10.00", at=at(13))
        shop.card_moves(5, 1, "-10.00", at(13))
        shop.push()
        assert shop.entries() == {"gift_card_back/5": (date(2026, 11, 14), {CARDS: "-10.00", GIVEN: "10.00"})}

    def test_the_one_that_ended_with_its_return_is_told_from_the_one_that_did_not(self, shop: MoneyShop) -> None:
        order = self.sold(shop, 2)
        self.takes_back(shop, order, 1)
        line = {"order_id": order.order_id, "order_line_id": order.line_ids[0]}
        shop.card(5, "25.00", **line, deactivated_at=at(14))
        shop.card(6, "25.00", **line, deactivated_at=at(13))
        shop.push()
        assert shop.booked() == {"gift_card_end/6": {CARDS: "25.00", BREAKAGE: "-25.00"}}

    def test_when_it_cannot_be_told_nothing_is_guessed(self, shop: MoneyShop) -> None:
        order = self.sold(shop, 2)
        self.takes_back(shop, order, 1)
        line = {"order_id": order.order_id, "order_line_id": order.line_ids[0]}
        shop.card(5, "25.00", **line, deactivated_at=at(15))
        shop.card(6, "25.00", **line, deactivated_at=at(13))
        shop.push()
        assert shop.booked() == {}
        assert shop.refusals()["gift_card_end/5"] == (
            "gift card 5: 1 of its line were taken back and 2 deactivated, so which ones were cannot be told"
        )

    def test_one_in_a_currency_the_books_have_no_rate_for_is_refused_by_them(self, shop: MoneyShop) -> None:
        shop.card(5, "25.00", currency="CAD")
        shop.push()
        assert shop.refusals() == {"gift_card/5": "entry gift_card/5 is in CAD but the journal is in USD"}

    def sold(self, shop: MoneyShop, units: int) -> Placed:
        """An order of so many gift cards of 25.00, without tax."""
        order = shop.order((None, units, f"{25 * units}.00"), line_type="GIFT_CARD")
        shop.sql(
            "update shopify.order_sales set total_presentment = total_shop - total_tax_shop, total_tax_presentment = 0 "
            "where order_id = %(id)s and line_type = 'GIFT_CARD'",
            id=order.order_id,
        )
        return order

    def takes_back(self, shop: MoneyShop, order: Placed, units: int) -> None:
        """So many of its cards are returned on the 14th at noon."""
        agreement = shop.agreement(order.order_id, "RefundAgreement", at(14))
        shop.sale(
            order.order_id,
            agreement,
            "RETURN",
            "GIFT_CARD",
            f"-{25 * units}.00",
            line_id=order.line_ids[0],
            units=-units,
        )
        shop.touch(order.order_id, at(14))

    def pays(self, shop: MoneyShop, number: int, amount: str, *, kind: str = "SALE", at: object = NOON) -> None:
        """An order's payment by gift card."""
        order = shop.order((shop.item(), 1, amount), gateway=None)
        shop.add(
            "order_transactions",
            transaction_id=number,
            order_id=order.order_id,
            kind=kind,
            status="SUCCESS",
            gateway="gift_card",
            amount_shop=Decimal(amount),
            amount_presentment=Decimal(amount),
            created_at=at,
        )


class TestStoreCredit:
    def test_what_is_granted_is_owed_and_what_is_taken_back_or_expires_is_not(self, shop: MoneyShop) -> None:
        shop.credit(1, "Credit", "20.00")
        shop.credit(2, "Debit", "-5.00")
        shop.credit(1, "Expiration", "-8.00", created_at=at(14))
        shop.push()
        assert shop.entries() == {
            "store_credit/1/credit/1": (TODAY, {CREDIT: "-20.00", GIVEN: "20.00"}),
            "store_credit/1/debit/2": (TODAY, {CREDIT: "5.00", GIVEN: "-5.00"}),
            "store_credit/1/expiration/1": (date(2026, 11, 14), {CREDIT: "8.00", BREAKAGE: "-8.00"}),
        }

    @pytest.mark.parametrize(
        ("kind", "word", "event"), [("SALE", "Debit", "ORDER_PAYMENT"), ("REFUND", "Credit", "ORDER_REFUND")]
    )
    def test_the_payment_of_an_order_is_booked_with_it(self, shop: MoneyShop, kind: str, word: str, event: str) -> None:
        self.pays(shop, kind, "SUCCESS")
        shop.credit(1, word, "5.00", event, order_transaction_id=77)
        shop.push()
        assert (shop.booked(), shop.marks()) == ({}, [])

    def test_one_that_failed_and_its_revert_cancel_each_other(self, shop: MoneyShop) -> None:
        self.pays(shop, "SALE", "FAILURE")
        shop.credit(1, "Debit", "-5.00", "ORDER_PAYMENT", order_transaction_id=77)
        shop.credit(2, "DebitRevert", "5.00", "PAYMENT_FAILURE", order_transaction_id=77)
        shop.credit(3, "Debit", "-7.00", "ORDER_PAYMENT")
        shop.credit(4, "DebitRevert", "7.00", "PAYMENT_FAILURE")
        shop.push()
        rows = [row.amount for row in shop.journal.ledger("a-shop.myshopify.com") if row.account == CREDIT]
        assert (len(rows), sum(rows)) == (4, 0)

    def test_one_that_is_not_decided_waits(self, shop: MoneyShop) -> None:
        self.pays(shop, "SALE", "PENDING")
        shop.credit(1, "Debit", "-5.00", "ORDER_PAYMENT", order_transaction_id=77)
        shop.push()
        assert (shop.booked(), shop.marks()) == ({}, [("store_credit_accounts", "1")])
        shop.sql("update shopify.order_transactions set status = 'FAILURE'")
        shop.push()
        assert shop.booked() == {"store_credit/1/debit/1": {CREDIT: "5.00", GIVEN: "-5.00"}}
        assert shop.marks() == []

    def test_a_booked_payment_that_is_reverted_is_a_break(self, shop: MoneyShop) -> None:
        self.pays(shop, "SALE", "SUCCESS")
        shop.credit(2, "DebitRevert", "5.00", "PAYMENT_FAILURE", order_transaction_id=77)
        shop.push()
        assert shop.refusals() == {
            "store_credit/1/debitrevert/2": (
                "store credit account 1: transaction 2 takes back a payment that is booked with its order"
            )
        }

    def pays(self, shop: MoneyShop, kind: str, status: str) -> None:
        """An order's payment by store credit."""
        order = shop.order((shop.item(), 1, "5.00"), gateway=None)
        shop.add(
            "order_transactions",
            transaction_id=77,
            order_id=order.order_id,
            kind=kind,
            status=status,
            gateway="shopify_store_credit",
            amount_shop=Decimal("5.00"),
            amount_presentment=Decimal("5.00"),
            created_at=NOON,
        )
