"""Money outside orders' own payments: each rule finds the fee, payout, dispute or card that is not as the shop says.

A month of Shopify Payments is pushed into a journal; then one side is changed, and only what was changed is named.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shopify_pipeline.backoffice.journal import JournalBackOffice
from shopify_pipeline.warehouse.connect import connect
from shopify_pipeline_tests.reconcile.a_shop import NOON, AShop, Placed
from shopify_pipeline_tests.reconcile.company import CHART, NOW, VALUE_MAP
from shopify_pipeline_tests.reconcile.warehouse_rows import BEFORE

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MORE_ACCOUNTS = {"bank": "1010", "fees": "6000", "credit_given": "6100", "breakage": "4930", "deferred": "2400"}
BALANCE = {"SHIPPING_LABEL": "6050", "DISPUTE_WITHDRAWAL": "1150", "CHARGEBACK_FEE": "6060", "DISPUTE_LOST": "6300"}
MAP = msgspec.structs.replace(
    VALUE_MAP,
    gateways={**VALUE_MAP.gateways, "gift_card": "2300", "shopify_store_credit": "2310"},
    accounts={**VALUE_MAP.accounts, **MORE_ACCOUNTS},
    balance=BALANCE,
)
CODES = frozenset({*MORE_ACCOUNTS.values(), *BALANCE.values(), "2310"})
#: (rule, class, entity, key, difference).
Found = tuple[str, str, str, str, Decimal | None]


class AShopWithPayments(AShop):
    """A shop whose money comes by Shopify Payments."""

    def move(self, kind: str, amount: str, fee: str = "0", at: datetime = NOON, **more: Any) -> int:
        """A balance transaction; its net is what it should be."""
        number = next(self.ids)
        net = Decimal(amount) - Decimal(fee)
        values = {"amount": Decimal(amount), "fee": Decimal(fee), "net": net, "transaction_at": at, **more}
        self.add("balance_transactions", balance_transaction_id=number, type=kind, **values)
        self.dirty("balance_transactions", number)
        return number

    def pay_out(self, net: str, at: datetime, parts: list[int], status: str = "PAID") -> int:
        """A payout of these balance transactions, with its transfer out of the balance."""
        number = next(self.ids)
        values = {"status": status, "direction": "DEPOSIT", "issued_at": at, "net": Decimal(net)}
        self.add("payouts", payout_id=number, **values)
        self.sql(
            "update shopify.balance_transactions set payout_id = %(id)s where balance_transaction_id = any(%(parts)s)",
            id=number,
            parts=parts,
        )
        self.move("TRANSFER", f"-{net}", at=at, payout_id=number, source_type="PAYOUT", source_id=number)
        self.dirty("payouts", number)
        return number

    def agree(self) -> None:
        """Push, read back, count."""
        self.push(value_map=MAP)
        self.snapshot()
        self.count()

    def found(self, **how: Any) -> list[Found]:
        """What a run finds."""
        self.reconcile(value_map=MAP, **how)
        rows = self.sql(
            "select rule, class, entity, key, trim_scale(difference) from recon.breaks where status = 'open' "
            "order by rule, entity, key"
        )
        return [Found(row) for row in rows]

    def alter(self, entry: str, account: str, by: str) -> None:
        """Somebody makes a line of an entry larger in the books, and with it the account's total."""
        self.sql(
            "update backoffice.ledger set amount = amount + %(by)s "
            "where external_id = %(entry)s and account = %(account)s",
            entry=entry,
            account=account,
            by=Decimal(by),
        )
        self.weigh(account, by)

    def lose(self, entry: str) -> None:
        """An entry vanishes from the books, with what it was in their totals."""
        for account, amount in self.sql(
            "delete from backoffice.ledger where external_id = %(entry)s returning account, amount", entry=entry
        ):
            self.weigh(account, str(-amount))

    def weigh(self, account: str, by: str) -> None:
        """An account's total moves."""
        self.sql(
            "insert into backoffice.totals values (%(shop)s, %(account)s, '2026-11-01', %(by)s) "
            "on conflict (shop, account, month) do update set amount = totals.amount + excluded.amount",
            account=account,
            by=Decimal(by),
        )


@pytest.fixture
def shop(warehouse_dsn: str, tmp_path: Path) -> Iterator[AShopWithPayments]:
    with connect(warehouse_dsn) as conn:
        shop = AShopWithPayments.opened(conn, tmp_path)
        assert isinstance(shop, AShopWithPayments)
        chart = msgspec.structs.replace(CHART, accounts=CHART.accounts | CODES)
        shop.journal = JournalBackOffice(tmp_path / "books.jsonl", chart)
        yield shop


@pytest.fixture
def order(shop: AShopWithPayments) -> Placed:
    """An order of 31.50 by Shopify Payments, all shipped."""
    order = shop.order((shop.item(), 3, "30.00"))
    shop.ship(order, NOON + HOUR, [3])
    return order


@pytest.fixture
def charge(shop: AShopWithPayments, order: Placed) -> int:
    return shop.move("CHARGE", "31.50", "1.22", order_id=order.order_id, order_transaction_id=order.transaction_id)


@pytest.fixture
def label(shop: AShopWithPayments) -> int:
    return shop.move("SHIPPING_LABEL", "-5.00", at=NOON + HOUR)


@pytest.fixture
def payout(shop: AShopWithPayments, charge: int, label: int) -> int:
    return shop.pay_out("25.28", NOON + DAY, [charge, label])


@pytest.fixture
def agreeing(shop: AShopWithPayments, payout: int) -> AShopWithPayments:
    """Charge, label and payout are booked, read back and counted."""
    shop.agree()
    return shop


def lost_dispute(shop: AShopWithPayments, order: Placed) -> tuple[int, int]:
    """A chargeback of the whole order that was lost.

    Returns:
        Ids of the dispute and of its withdrawal.
    """
    dispute = next(shop.ids)
    source = {"source_type": "DISPUTE", "source_id": dispute, "order_id": order.order_id}
    withdrawal = shop.move("DISPUTE_WITHDRAWAL", "-31.50", at=NOON + 2 * DAY, **source)
    shop.move("CHARGEBACK_FEE", "0", "15.00", at=NOON + 2 * DAY, **source)
    shop.add(
        "disputes",
        dispute_id=dispute,
        order_id=order.order_id,
        type="CHARGEBACK",
        status="LOST",
        reason="FRAUDULENT",
        amount=Decimal("31.50"),
        initiated_at=NOON + 2 * DAY,
        finalized_on=NOON + 3 * DAY,
    )
    shop.dirty("disputes", dispute)
    return dispute, withdrawal


def test_a_payout_with_all_that_is_in_it_agrees(agreeing: AShopWithPayments) -> None:
    assert agreeing.found() == []
    result = agreeing.reconcile(value_map=MAP)
    assert {name: result.checked[name] for name in ("Y1", "Y2", "Y3", "Y4", "Y5", "Y6", "G1")} == {
        "Y1": 3,
        "Y2": 1,
        "Y3": 1,
        "Y4": 2,
        "Y5": 1,
        "Y6": 2,
        "G1": 2,
    }


def test_a_net_that_is_not_amount_less_fee_is_named_by_its_transaction(
    agreeing: AShopWithPayments, label: int, payout: int
) -> None:
    agreeing.sql("update recon.census_balance set net = net - 0.01 where balance_transaction_id = %(id)s", id=label)

    assert agreeing.found() == [
        ("Y1", "amount_mismatch", f"balance_transactions/{label}", "", Decimal("-0.01")),
        ("Y2", "amount_mismatch", f"payouts/{payout}", "", Decimal("0.01")),
    ]


def test_a_payout_that_is_not_the_sum_of_its_transactions_is_found(agreeing: AShopWithPayments, label: int) -> None:
    agreeing.sql("update recon.census_balance set payout_id = null where balance_transaction_id = %(id)s", id=label)

    assert [(rule, difference) for rule, _, _, _, difference in agreeing.found()] == [("Y2", Decimal("-5"))]


def test_a_charge_that_settles_another_amount_than_was_booked_is_found(
    agreeing: AShopWithPayments, charge: int
) -> None:
    # The fee takes the difference, so that the balance itself is right.
    agreeing.sql(
        "update recon.census_balance set amount = amount + 1, fee = fee + 1 where balance_transaction_id = %(id)s",
        id=charge,
    )

    found = [one for one in agreeing.found() if one[0] == "Y3"]
    assert found == [("Y3", "amount_mismatch", f"balance_transactions/{charge}", "", Decimal("-1"))]


def test_a_payment_that_is_not_booked_is_no_matter_of_what_settled_it(
    agreeing: AShopWithPayments, order: Placed
) -> None:
    agreeing.sql("delete from backoffice.payments where order_id = %(id)s", id=order.order_id)

    assert "Y3" not in {one[0] for one in agreeing.found()}


def test_a_charge_of_which_the_order_knows_no_success_is_missing(agreeing: AShopWithPayments, charge: int) -> None:
    agreeing.sql("delete from recon.census_transactions")
    agreeing.sql("delete from backoffice.payments")

    found = [one for one in agreeing.found() if one[0] == "Y3"]
    assert found == [("Y3", "missing_backoffice", f"balance_transactions/{charge}", "", Decimal("-31.5"))]


def test_a_fee_that_was_altered_is_found_on_both_its_accounts_and_at_the_gateway(
    agreeing: AShopWithPayments, charge: int
) -> None:
    agreeing.alter(f"balance/{charge}", "6000", "0.01")
    agreeing.alter(f"balance/{charge}", "1100", "-0.01")

    name = f"balance_transactions/{charge}"
    assert agreeing.found() == [
        ("Y4", "amount_mismatch", name, "1100", Decimal("-0.01")),
        ("Y4", "amount_mismatch", name, "6000", Decimal("0.01")),
        ("Y6", "amount_mismatch", "accounts/1100", "", Decimal("-0.01")),
    ]


def test_a_movement_on_the_wrong_account_is_found_though_every_total_of_the_gateway_is_right(
    agreeing: AShopWithPayments, label: int
) -> None:
    agreeing.sql(
        "update backoffice.ledger set account = '4900' where external_id = %(id)s and account = '6050'",
        id=f"balance/{label}",
    )

    name = f"balance_transactions/{label}"
    assert agreeing.found() == [
        ("Y4", "amount_mismatch", name, "4900", Decimal("5")),
        ("Y4", "amount_mismatch", name, "6050", Decimal("-5")),
    ]


def test_a_fee_that_is_not_booked_is_one_break_beside_the_gateways(agreeing: AShopWithPayments, charge: int) -> None:
    agreeing.lose(f"balance/{charge}")

    assert agreeing.found() == [
        ("Y4", "missing_backoffice", f"balance_transactions/{charge}", "", Decimal("1.22")),
        ("Y6", "amount_mismatch", "accounts/1100", "", Decimal("1.22")),
    ]


def test_an_entry_of_no_movement_of_the_shop_is_found(agreeing: AShopWithPayments, label: int) -> None:
    agreeing.sql("delete from recon.census_balance where balance_transaction_id = %(id)s", id=label)

    assert [one for one in agreeing.found() if one[0] == "Y4"] == [
        ("Y4", "missing_shopify", f"balance_transactions/{label}", "", Decimal("-5"))
    ]


def test_a_payout_that_is_lost_is_missing_at_the_bank(agreeing: AShopWithPayments, payout: int) -> None:
    agreeing.lose(f"payout/{payout}")

    assert agreeing.found() == [
        ("Y5", "missing_backoffice", f"payouts/{payout}", "", Decimal("-25.28")),
        ("Y6", "amount_mismatch", "accounts/1100", "", Decimal("25.28")),
    ]


def test_a_payout_that_was_altered_is_found_by_account(agreeing: AShopWithPayments, payout: int) -> None:
    agreeing.alter(f"payout/{payout}", "1010", "-0.28")
    agreeing.alter(f"payout/{payout}", "1100", "0.28")

    assert agreeing.found() == [
        ("Y5", "amount_mismatch", f"payouts/{payout}", "1010", Decimal("-0.28")),
        ("Y5", "amount_mismatch", f"payouts/{payout}", "1100", Decimal("0.28")),
        ("Y6", "amount_mismatch", "accounts/1100", "", Decimal("0.28")),
    ]


@pytest.mark.parametrize(
    ("status", "kind"), [("FAILED", "missing_backoffice"), ("SCHEDULED", "missing_shopify"), (None, "missing_shopify")]
)
def test_a_payout_in_the_books_that_did_not_reach_the_bank_is_found(
    agreeing: AShopWithPayments, payout: int, status: str | None, kind: str
) -> None:
    if status is None:
        agreeing.sql("delete from recon.census_payouts")
    else:
        agreeing.sql("update recon.census_payouts set status = %(status)s", status=status)

    assert [one for one in agreeing.found() if one[0] == "Y5"] == [
        ("Y5", kind, f"payouts/{payout}", "", Decimal("25.28"))
    ]


def test_a_payout_the_bank_gave_back_is_right_when_it_is_booked_back_and_paid_again(
    shop: AShopWithPayments, payout: int
) -> None:
    shop.push(value_map=MAP)
    shop.sql("update shopify.payouts set status = 'FAILED'")
    back = shop.move("TRANSFER_FAILURE", "25.28", at=NOON + 2 * DAY, source_type="PAYOUT", source_id=payout)
    shop.pay_out("25.28", NOON + 3 * DAY, [back])
    shop.dirty("payouts", payout)
    shop.agree()

    assert shop.sql("select count(*) from backoffice.ledger where external_id like 'payout%%'") == [(6,)]
    assert shop.found() == []


def test_a_payout_on_its_way_waits_at_the_gateway(shop: AShopWithPayments, charge: int, label: int) -> None:
    shop.pay_out("25.28", NOW - HOUR, [charge, label], status="SCHEDULED")
    shop.agree()

    assert shop.found() == []


def test_what_is_younger_than_its_lag_is_in_transit(agreeing: AShopWithPayments) -> None:
    agreeing.move("SHIPPING_LABEL", "-7.00", at=NOW - HOUR)
    agreeing.count()

    assert {(rule, kind) for rule, kind, *_ in agreeing.found(lag=2 * HOUR)} == {
        ("Y4", "in_transit"),
        ("Y6", "in_transit"),
    }


def test_a_lost_dispute_agrees_with_its_loss(shop: AShopWithPayments, charge: int, order: Placed) -> None:
    lost_dispute(shop, order)
    shop.agree()

    assert shop.found() == []
    assert shop.reconcile(value_map=MAP).checked["Y7"] == 3


def test_what_a_dispute_took_is_missed_on_the_dispute_account(
    shop: AShopWithPayments, charge: int, order: Placed
) -> None:
    dispute, withdrawal = lost_dispute(shop, order)
    shop.agree()
    shop.lose(f"balance/{withdrawal}")
    shop.lose(f"dispute/{dispute}")

    assert shop.found() == [
        ("Y6", "amount_mismatch", "accounts/1100", "", Decimal("31.5")),
        ("Y7", "missing_backoffice", f"balance_transactions/{withdrawal}", "", Decimal("31.5")),
        ("Y7", "missing_backoffice", f"disputes/{dispute}", "", Decimal("-31.5")),
    ]


def test_a_loss_the_shop_did_not_make_is_found(shop: AShopWithPayments, charge: int, order: Placed) -> None:
    dispute, _ = lost_dispute(shop, order)
    shop.agree()
    shop.sql("update recon.census_disputes set status = 'WON'")

    assert shop.found() == [("Y7", "missing_shopify", f"disputes/{dispute}", "", Decimal("31.5"))]


def test_money_at_another_gateway_is_what_moved_there_since_go_live(
    shop: AShopWithPayments, order: Placed, charge: int
) -> None:
    shop.order((shop.item("PLATE"), 1, "10.00"), name="#1002", gateway="paypal")
    shop.agree()
    assert shop.found() == []

    shop.weigh("1110", "0.01")

    assert shop.found() == [("Y6", "amount_mismatch", "accounts/1110", "", Decimal("0.01"))]


def gift_card(shop: AShopWithPayments, balance: str, **more: Any) -> int:
    """A card that was given."""
    number, values = next(shop.ids), {"initial_value": Decimal(balance), "balance": Decimal(balance), **more}
    times = {"created_at": NOON, "updated_at": NOON}
    shop.add("gift_cards", gift_card_id=number, currency="USD", balance_currency="USD", **{**times, **values})
    shop.dirty("gift_cards", number)
    return number


def test_what_can_be_spent_on_cards_is_owed(shop: AShopWithPayments) -> None:
    card = gift_card(shop, "40.00")
    gift_card(shop, "7.00", deactivated_at=NOON + HOUR)
    shop.order((None, 1, "25.00"), line_type="GIFT_CARD", tax_title="")
    shop.agree()
    assert shop.sql("select sum(amount) from backoffice.totals where account = '2300'") == [(Decimal("-65.00"),)]
    assert [one for one in shop.found() if one[0] == "G1"] == []

    shop.sql("update recon.census_gift_cards set balance = 39.99 where gift_card_id = %(id)s", id=card)

    assert [one for one in shop.found() if one[0] == "G1"] == [
        ("G1", "amount_mismatch", "accounts/2300", "", Decimal("-0.01"))
    ]


def test_a_card_that_moved_a_moment_ago_leaves_what_is_owed_in_transit(shop: AShopWithPayments, order: Placed) -> None:
    shop.agree()
    gift_card(shop, "40.00", created_at=NOW - HOUR, updated_at=NOW - HOUR)
    shop.count()

    assert [one for one in shop.found(lag=2 * HOUR) if one[0] == "G1"] == [
        ("G1", "in_transit", "accounts/2300", "", Decimal("40"))
    ]


def test_a_card_ends_with_its_last_day(shop: AShopWithPayments, order: Placed) -> None:
    gift_card(shop, "40.00", expires_on=NOW.date() - DAY)
    shop.snapshot()
    shop.count()

    assert [one for one in shop.found() if one[0] == "G1"] == []


def test_store_credit_that_can_be_spent_is_owed(shop: AShopWithPayments, order: Placed) -> None:
    shop.add("store_credit_accounts", store_credit_account_id=9, currency="USD", balance=Decimal("12.00"))
    shop.snapshot()
    shop.count()

    assert [one for one in shop.found() if one[0] == "G1"] == [
        ("G1", "amount_mismatch", "accounts/2310", "", Decimal("12"))
    ]


def test_what_is_owed_is_not_judged_while_what_was_owed_before_go_live_is_not_brought(
    shop: AShopWithPayments, order: Placed
) -> None:
    gift_card(shop, "40.00", created_at=BEFORE, updated_at=BEFORE)
    shop.snapshot()
    shop.count()
    assert [one for one in shop.found() if one[0] == "G1"] == []

    shop.sql(
        "insert into backoffice.ledger (shop, resource, external_id, account, amount, booked_on, party) "
        "values (%(shop)s, 'entries', 'opening/gift_cards', '2300', -30, '2026-11-09', '')"
    )
    shop.weigh("2300", "-30")

    assert [one for one in shop.found() if one[0] == "G1"] == [
        ("G1", "amount_mismatch", "accounts/2300", "", Decimal("10"))
    ]
