"""The cut-over on a real warehouse and a real journal: what was open is brought once; the push goes on from there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import msgspec
import pytest

from shopify_pipeline.backoffice.journal import JournalBackOffice
from shopify_pipeline.backoffice.mapping import Books
from shopify_pipeline.backoffice.protocol import JournalEntry, Result
from shopify_pipeline.backoffice.value_map import Unmapped, ValueMap
from shopify_pipeline.config_sections import BackofficeSettings
from shopify_pipeline.errors import ConfigError
from shopify_pipeline.steps import cutover
from shopify_pipeline.steps.cutover import Plan
from shopify_pipeline.steps.push_sending import Pushed, Sender
from shopify_pipeline.warehouse.connect import connect
from shopify_pipeline_tests.reconcile.a_shop import NOON, AShop, Item
from shopify_pipeline_tests.reconcile.company import CHART, GO_LIVE_ON, VALUE_MAP, ZONE
from shopify_pipeline_tests.reconcile.warehouse_rows import BEFORE, SHOP

MAP = msgspec.structs.replace(
    VALUE_MAP,
    gateways={**VALUE_MAP.gateways, "gift_card": "2300", "shopify_store_credit": "2310"},
    accounts={**VALUE_MAP.accounts, "opening": "3900", "bank": "1010", "fees": "6000"},
    balance={"RESERVED_FUNDS": "1160", "DISPUTE_WITHDRAWAL": "1150", "DISPUTE_LOST": "6000"},
)
ACCOUNTS = msgspec.structs.replace(CHART, accounts=CHART.accounts | {"2310", "3900", "1150", "1160", "1010", "6000"})
BOOKS = Books(GO_LIVE_ON, ZoneInfo(ZONE))
EVE = GO_LIVE_ON - timedelta(days=1)


@pytest.fixture
def shop(warehouse_dsn: str, tmp_path: Path) -> Iterator[AShop]:
    with connect(warehouse_dsn) as conn:
        opened = AShop.opened(conn, tmp_path)
        opened.journal = JournalBackOffice(tmp_path / "journal.jsonl", ACCOUNTS)
        yield opened


@pytest.fixture
def mug(shop: AShop) -> Item:
    return shop.item()


def planned(shop: AShop, given: Mapping[str, Decimal] | None = None, value_map: ValueMap = MAP) -> Plan:
    return cutover.plan(
        shop.conn,
        shop=SHOP,
        value_map=value_map,
        books=BOOKS,
        recognition="order",
        given=given or {},
        progress=shop.lines.append,
    )


def applied(shop: AShop, plan: Plan) -> Pushed:
    sender = Sender(shop.conn, shop.journal, shop=SHOP, clock=shop.clock, rng=Random(7), limits=BackofficeSettings())
    return cutover.apply(
        shop.conn,
        shop.journal,
        plan,
        shop=SHOP,
        value_map=MAP,
        books=BOOKS,
        clock=shop.clock,
        sender=sender,
        batch_size=10,
        progress=shop.lines.append,
    )


def balance(shop: AShop, account: str, order_id: int | None = None) -> Decimal:
    """Debit minus credit of everything in the journal, of one order when it is named."""
    return sum(
        (
            row.amount
            for row in shop.journal.ledger(SHOP)
            if row.account == account and order_id in (None, int(row.order_id or 0))
        ),
        Decimal(0),
    )


def test_an_unpaid_order_is_brought_with_what_is_owed_and_its_payment_closes_it(shop: AShop, mug: Item) -> None:
    order = shop.order((mug, 2, "20.00"), at=BEFORE, gateway=None)
    plan = planned(shop)
    (entry,) = plan.entries
    assert (entry.external_id, entry.on, entry.order) == (f"opening/order/{order.order_id}", EVE, str(order.order_id))
    assert [(line.account, line.amount) for line in entry.lines] == [
        ("1200", Decimal("21.00")),
        ("3900", Decimal("-21.00")),
    ]
    applied(shop, plan)
    shop.push(value_map=MAP)
    assert balance(shop, "1200", order.order_id) == Decimal("21.00")
    shop.pay(order.order_id, "21.00", NOON)
    shop.push(value_map=MAP)
    assert balance(shop, "1200", order.order_id) == 0
    assert balance(shop, "1100") == Decimal("21.00")
    assert shop.journal.documents(SHOP) == []


def test_a_paid_order_that_has_not_left_is_brought_for_its_units_alone(shop: AShop, mug: Item) -> None:
    order = shop.order((mug, 3, "30.00"), at=BEFORE)
    plan = planned(shop)
    assert plan.entries == []
    assert [(each.order.external_id, each.units) for each in plan.orders] == [(str(order.order_id), 3)]
    applied(shop, plan)
    shop.ship(order, NOON, [3])
    shop.push(value_map=MAP)
    assert shop.journal.counts(SHOP)["orders"] == 1
    (stock,) = shop.journal.stock(SHOP)
    assert stock.quantity == Decimal(97)


def test_what_moved_since_go_live_does_not_change_the_plan(shop: AShop, mug: Item) -> None:
    order = shop.order((mug, 2, "20.00"), at=BEFORE, gateway=None)
    before = planned(shop)
    shop.pay(order.order_id, "21.00", NOON)
    shop.ship(order, NOON, [2])
    shop.refund(order, NOON + timedelta(hours=1), units=1, net="10.00", money="10.50")
    after = planned(shop)
    assert after.digest == before.digest
    applied(shop, after)
    shop.push(value_map=MAP)
    assert balance(shop, "1200", order.order_id) == 0
    (stock,) = shop.journal.stock(SHOP)
    assert stock.quantity == Decimal(99)


def test_a_late_fact_from_before_go_live_makes_another_plan(shop: AShop, mug: Item) -> None:
    order = shop.order((mug, 2, "20.00"), at=BEFORE, gateway=None)
    before = planned(shop)
    shop.pay(order.order_id, "5.00", BEFORE + timedelta(hours=1))
    assert planned(shop).digest != before.digest


def test_an_order_that_was_done_is_not_brought_and_its_later_refund_is_taken_over(shop: AShop, mug: Item) -> None:
    order = shop.order((mug, 2, "20.00"), at=BEFORE)
    shop.ship(order, BEFORE, [2])
    assert planned(shop).orders == []
    shop.refund(order, NOON, units=1, net="10.00", money="10.50")
    plan = planned(shop)
    assert plan.orders == []
    applied(shop, plan)
    shop.push(value_map=MAP)
    assert balance(shop, "1200", order.order_id) == 0
    assert len(shop.journal.documents(SHOP)) == 1


def test_applying_twice_and_pushing_before_or_after_gives_the_same_books(shop: AShop, mug: Item) -> None:
    order = shop.order((mug, 2, "20.00"), at=BEFORE, gateway=None)
    shop.pay(order.order_id, "10.00", NOON)
    shop.push(value_map=MAP)
    first = applied(shop, planned(shop))
    assert first.counts["entries"] == {"created": 1, "unchanged": 0}
    books = shop.journal.ledger(SHOP)
    again = applied(shop, planned(shop))
    assert again.counts["entries"] == {"unchanged": 1}
    assert shop.journal.ledger(SHOP) == books
    assert balance(shop, "1200", order.order_id) == Decimal("11.00")


def test_an_order_from_before_go_live_that_is_open_waits_for_the_first_push_like_any_other(
    shop: AShop, mug: Item
) -> None:
    """A cut-over is not a first push: what is owed since go-live is still found, though nothing is marked."""
    shop.order((mug, 1, "10.00"), at=BEFORE, gateway=None)
    shop.order((mug, 1, "10.00"), name="#1002")
    shop.sql("delete from ops.dirty")
    applied(shop, planned(shop))
    assert shop.push(value_map=MAP).counts["orders"]["created"] == 1


def test_liabilities_and_the_balance_of_shopify_payments_are_as_of_the_first_instant(shop: AShop) -> None:
    early, late = datetime(2026, 11, 10, 4, 59, tzinfo=UTC), datetime(2026, 11, 10, 5, 1, tzinfo=UTC)
    shop.order((None, 1, "1.00"), at=BEFORE)
    shop.add("gift_cards", gift_card_id=1, initial_value=Decimal(50), balance=Decimal(20), created_at=BEFORE)
    for number, (at, amount) in enumerate(((early, "-10"), (late, "-20")), start=1):
        shop.add(
            "gift_card_transactions",
            gift_card_id=1,
            transaction_type="GiftCardDebitTransaction",
            transaction_id=number,
            amount=Decimal(amount),
            processed_at=at,
        )
    shop.add("gift_cards", gift_card_id=2, initial_value=Decimal(9), deactivated_at=early, created_at=BEFORE)
    shop.add("gift_cards", gift_card_id=3, initial_value=Decimal(9), expires_on=date(2026, 11, 8), created_at=BEFORE)
    shop.add("gift_cards", gift_card_id=4, initial_value=Decimal(9), created_at=late)
    shop.add("store_credit_accounts", store_credit_account_id=5, balance=Decimal(7))
    shop.add(
        "store_credit_transactions",
        store_credit_account_id=5,
        transaction_type="StoreCreditAccountCreditTransaction",
        transaction_id=6,
        amount=Decimal(7),
        created_at=early,
    )
    for number, (at, kind, amount, fee) in enumerate(
        (
            (early, "CHARGE", "100", "3"),
            (early, "RESERVED_FUNDS", "-15", "0"),
            (early, "TRANSFER", "-40", "0"),
            (late, "CHARGE", "60", "2"),
        ),
        start=1,
    ):
        shop.add(
            "balance_transactions",
            balance_transaction_id=number,
            type=kind,
            amount=Decimal(amount),
            fee=Decimal(fee),
            net=Decimal(amount) - Decimal(fee),
            transaction_at=at,
        )
    shop.add("payouts", payout_id=8, status="PAID", direction="DEPOSIT", net=Decimal(30), issued_at=early)
    shop.add("payouts", payout_id=9, status="SCHEDULED", direction="DEPOSIT", net=Decimal(10), issued_at=early)
    assert {
        entry.external_id: {line.account: line.amount for line in entry.lines} for entry in planned(shop).balances
    } == {
        "opening/clearing/shopify_payments": {"1100": Decimal(42), "3900": Decimal(-42)},
        "opening/payout/9": {"1100": Decimal(10), "3900": Decimal(-10)},
        "opening/reserves": {"1160": Decimal(15), "3900": Decimal(-15)},
        "opening/gift_cards": {"2300": Decimal(-40), "3900": Decimal(40)},
        "opening/store_credit": {"2310": Decimal(-7), "3900": Decimal(7)},
    }


def test_amounts_on_cards_and_accounts_count_by_their_kind_whichever_sign_they_have(shop: AShop) -> None:
    shop.order((None, 1, "1.00"), at=BEFORE, gateway=None)
    shop.add("gift_cards", gift_card_id=1, initial_value=Decimal(50), created_at=BEFORE)
    shop.add("store_credit_accounts", store_credit_account_id=5)
    for number, (kind, amount) in enumerate((("Debit", 10), ("Credit", -4)), start=1):
        move = {"transaction_id": number, "amount": Decimal(amount)}
        card_kind, credit_kind = f"GiftCard{kind}Transaction", f"StoreCreditAccount{kind}Transaction"
        shop.add("gift_card_transactions", gift_card_id=1, transaction_type=card_kind, processed_at=BEFORE, **move)
        move["amount"] *= 2 if kind == "Debit" else 10
        shop.add(
            "store_credit_transactions",
            store_credit_account_id=5,
            transaction_type=credit_kind,
            created_at=BEFORE,
            **move,
        )
    brought = {entry.external_id: entry.lines[0].amount for entry in planned(shop).balances}
    assert brought == {"opening/gift_cards": Decimal(-44), "opening/store_credit": Decimal(-20)}


def test_a_card_that_is_sold_and_not_made_yet_is_owed_for_and_making_it_changes_nothing(shop: AShop) -> None:
    order = shop.order((None, 3, "75.00"), at=BEFORE, line_type="GIFT_CARD")
    shop.sql("update shopify.order_sales set total_presentment = 75, total_tax_presentment = 0")
    card = {"order_id": order.order_id, "order_line_id": order.line_ids[0], "initial_value": Decimal(25)}
    shop.add("gift_cards", gift_card_id=1, **card, balance=Decimal(25), created_at=BEFORE)
    plan = planned(shop)
    applied(shop, plan)
    assert balance(shop, "2300") == Decimal(-75)
    for number in (2, 3):
        shop.add("gift_cards", gift_card_id=number, **card, balance=Decimal(25), created_at=NOON)
        shop.dirty("gift_cards", number)
    assert planned(shop).digest == plan.digest
    shop.push(value_map=MAP)
    assert balance(shop, "2300") == Decimal(-75)


def test_a_payout_on_its_way_is_brought_and_booked_when_it_arrives(shop: AShop) -> None:
    shop.order((None, 1, "1.00"), at=BEFORE, gateway="paypal")
    charge = {"type": "CHARGE", "amount": Decimal(40), "net": Decimal(40), "transaction_at": BEFORE}
    shop.add("balance_transactions", balance_transaction_id=1, **charge)
    for payout_id, status in ((8, "PAID"), (9, "SCHEDULED")):
        values = {"status": status, "direction": "DEPOSIT", "net": Decimal(20), "issued_at": BEFORE}
        shop.add("payouts", payout_id=payout_id, **values)
    applied(shop, planned(shop))
    assert balance(shop, "1100") == Decimal(20)
    shop.sql("update shopify.payouts set status = 'PAID'")
    for payout_id in (8, 9):
        shop.dirty("payouts", payout_id)
    shop.push(value_map=MAP)
    assert (balance(shop, "1100"), balance(shop, "1010")) == (Decimal(0), Decimal(20))
    (booked,) = [row for row in shop.journal.ledger(SHOP) if row.account == "1010"]
    assert (booked.external_id, booked.booked_on) == ("payout/9", GO_LIVE_ON)


def payout(shop: AShop, number: int, status: str, issued_at: datetime, seen_at: datetime = NOON) -> None:
    shop.add(
        "payouts",
        payout_id=number,
        status=status,
        direction="DEPOSIT",
        net=Decimal(20),
        issued_at=issued_at,
        _observed_at=seen_at,
    )


def test_a_payout_that_may_have_arrived_on_either_side_of_go_live_is_named_with_its_amount(shop: AShop) -> None:
    shop.order((None, 1, "1.00"), at=BEFORE, gateway=None)
    payout(shop, 6, "PAID", issued_at=BOOKS.go_live_at - timedelta(days=11))
    payout(shop, 7, "PAID", issued_at=BOOKS.go_live_at - timedelta(days=2), seen_at=BOOKS.go_live_at)
    payout(shop, 8, "PAID", issued_at=BOOKS.go_live_at - timedelta(days=2), seen_at=BEFORE)
    payout(shop, 9, "PAID", issued_at=NOON)
    (doubtful,) = planned(shop).not_brought
    assert (doubtful.what, doubtful.amount) == ("payout 7 of 2026-11-08", Decimal(20))
    assert "if the bank's statement has it on 2026-11-10 or later" in doubtful.reason


@pytest.mark.parametrize("becomes", ["PAID", "FAILED"])
def test_a_payout_that_was_brought_stays_in_the_plan_whatever_becomes_of_it(shop: AShop, becomes: str) -> None:
    shop.order((None, 1, "1.00"), at=BEFORE, gateway=None)
    payout(shop, 9, "SCHEDULED", issued_at=BOOKS.go_live_at - timedelta(hours=9))
    plan = planned(shop)
    applied(shop, plan)
    shop.sql("update shopify.payouts set status = %(becomes)s", becomes=becomes)
    again = planned(shop)
    assert (again.digest, again.not_brought) == (plan.digest, [])
    assert applied(shop, again).rejected == 0


def test_a_dispute_that_is_lost_after_go_live_finds_what_it_had_taken_before(shop: AShop) -> None:
    order = shop.order((None, 1, "1.00"), at=BEFORE)
    taken = {"type": "DISPUTE_WITHDRAWAL", "source_type": "DISPUTE", "source_id": 5, "amount": Decimal(-30)}
    shop.add("balance_transactions", balance_transaction_id=1, **taken, net=Decimal(-30), transaction_at=BEFORE)
    dispute = {"dispute_id": 5, "order_id": order.order_id, "type": "CHARGEBACK", "status": "UNDER_REVIEW"}
    shop.add("disputes", **dispute, amount=Decimal(30), initiated_at=BEFORE)
    applied(shop, planned(shop))
    assert balance(shop, "1150") == Decimal(30)
    shop.sql("update shopify.disputes set status = 'LOST', finalized_on = %(at)s", at=NOON)
    shop.dirty("disputes", 5)
    shop.push(value_map=MAP)
    assert (balance(shop, "1150"), balance(shop, "6000")) == (Decimal(0), Decimal(30))


def test_a_dispute_whose_loss_was_pushed_before_the_cut_over_is_booked_as_lost_after_it(shop: AShop) -> None:
    order = shop.order((None, 1, "1.00"), at=BEFORE)
    taken = {"type": "DISPUTE_WITHDRAWAL", "source_type": "DISPUTE", "source_id": 5, "amount": Decimal(-30)}
    shop.add("balance_transactions", balance_transaction_id=1, **taken, net=Decimal(-30), transaction_at=BEFORE)
    dispute = {"dispute_id": 5, "order_id": order.order_id, "type": "CHARGEBACK", "status": "LOST"}
    shop.add("disputes", **dispute, amount=Decimal(30), initiated_at=BEFORE, finalized_on=NOON)
    shop.dirty("disputes", 5)
    shop.push(value_map=MAP)
    assert (balance(shop, "1150"), balance(shop, "6000")) == (Decimal(0), Decimal(0))
    applied(shop, planned(shop))
    shop.push(value_map=MAP)
    assert (balance(shop, "1150"), balance(shop, "6000")) == (Decimal(0), Decimal(30))


class StoppedOffice(JournalBackOffice):
    """The process dies when the first opening entries have to be sent: the orders are there, their entries are not."""

    def push_entries(self, shop: str, entries: Sequence[JournalEntry]) -> list[Result]:
        raise KeyboardInterrupt


def test_a_cut_over_that_was_stopped_half_way_is_finished_by_the_same_call(shop: AShop, mug: Item) -> None:
    order = shop.order((mug, 2, "20.00"), at=BEFORE, gateway=None)
    plan = planned(shop)
    whole = shop.journal
    shop.journal = StoppedOffice(shop.folder / "journal.jsonl", ACCOUNTS)
    with pytest.raises(KeyboardInterrupt):
        applied(shop, plan)
    shop.journal = whole
    assert (len(whole.orders(SHOP)), whole.ledger(SHOP)) == (1, [])
    again = planned(shop)
    assert again.digest == plan.digest
    applied(shop, again)
    assert balance(shop, "1200", order.order_id) == Decimal("21.00")
    assert len(whole.orders(SHOP)) == 1


def test_a_gateway_that_settles_elsewhere_is_named_until_its_balance_is_given(shop: AShop) -> None:
    shop.order((None, 1, "10.00"), at=BEFORE, gateway="paypal")
    (missing,) = planned(shop).not_brought
    assert (missing.what, missing.amount) == ("balance of paypal", None)
    assert "--balance paypal=AMOUNT" in missing.reason
    given = planned(shop, {"paypal": Decimal("3.20")})
    assert given.not_brought == []
    assert [line.amount for line in given.balances[0].lines] == [Decimal("3.20"), Decimal("-3.20")]


def test_what_cannot_be_mapped_is_left_out_and_says_what_to_add(shop: AShop, mug: Item) -> None:
    shop.order((mug, 1, "10.00"), at=BEFORE, tax_title="Moon Tax", gateway=None)
    (missing,) = planned(shop).not_brought
    assert missing.what == "order #1001"
    assert "Moon Tax 5%" in missing.reason


def test_what_cannot_be_planned_at_all_is_refused(shop: AShop, mug: Item) -> None:
    with pytest.raises(ConfigError, match="holds no orders yet"):
        planned(shop)
    shop.order((mug, 1, "10.00"), at=BEFORE)
    with pytest.raises(ConfigError, match="balance of gift_card comes from Shopify"):
        planned(shop, {"gift_card": Decimal(1)})
    with pytest.raises(Unmapped, match="opening"):
        planned(shop, value_map=VALUE_MAP)
