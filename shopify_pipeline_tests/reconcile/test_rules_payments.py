"""Payments, refunds and the totals of a day: each rule names the error it is there for, with its amount."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from shopify_pipeline.warehouse.connect import connect
from shopify_pipeline_tests.reconcile.a_shop import NOON, AShop, Item, Placed
from shopify_pipeline_tests.reconcile.company import NOW

D = Decimal
DAY = "days/2026-11-12"
#: (rule, class, entity, key, difference) of a break.
Found = tuple[str, str, str, str, Decimal | None]


@pytest.fixture
def shop(warehouse_dsn: str, tmp_path: Path) -> Iterator[AShop]:
    with connect(warehouse_dsn) as conn:
        yield AShop.opened(conn, tmp_path)


@pytest.fixture
def mug(shop: AShop) -> Item:
    return shop.item()


@pytest.fixture
def refunded(shop: AShop, mug: Item) -> Placed:
    """An order of 31.50 of which a unit for 10.50 came back, all on one day."""
    order = shop.order((mug, 3, "30.00"))
    shop.ship(order, NOON + timedelta(hours=1), [3])
    shop.refund(order, NOON + timedelta(hours=2), units=1, net="10.00", money="10.50")
    return order


@pytest.fixture
def plain(shop: AShop, mug: Item) -> Placed:
    """An order of 31.50, as the other one was before its refund."""
    return shop.order((mug, 3, "30.00"), name="#1002")


@pytest.fixture
def agreeing(shop: AShop, refunded: Placed, plain: Placed) -> AShop:
    """Both orders pushed, read back and counted."""
    compare(shop)
    return shop


def compare(shop: AShop) -> None:
    """Push, read back and count."""
    shop.push()
    shop.snapshot()
    shop.count()


def found(shop: AShop, *rules: str) -> list[Found]:
    """What these rules say; every rule of orders, money and words when none is named."""
    shop.reconcile()
    return shop.sql(  # type: ignore[return-value]
        "select rule, class, entity, key, difference from recon.breaks where status = 'open' "
        "and case when %(rules)s::text[] = '{}' then rule !~ '^[FIWY]' else rule = any(%(rules)s) end order by 1, 3, 4",
        rules=list(rules),
    )


def refund_of(shop: AShop, order: Placed) -> int:
    """Its refund transaction."""
    rows = shop.sql(
        "select transaction_id from shopify.order_transactions where order_id = %(id)s and kind = 'REFUND'",
        id=order.order_id,
    )
    return int(rows[0][0])


def credit_note_of(shop: AShop, order: Placed) -> str:
    """Its credit note's external id."""
    rows = shop.sql(
        "select external_id from backoffice.documents where order_id = %(id)s and action_type = 'RETURN'",
        id=order.order_id,
    )
    return str(rows[0][0])


def test_nothing_is_found_when_shop_and_books_agree(agreeing: AShop) -> None:
    assert found(agreeing) == []


def test_a_payment_that_is_not_booked_is_missing_and_the_day_lacks_its_money(agreeing: AShop, plain: Placed) -> None:
    name = str(plain.transaction_id)
    agreeing.sql("delete from backoffice.payments where external_id = %(name)s", name=name)

    assert found(agreeing, "P1", "P2", "P5", "R2b", "T1") == [
        ("P1", "missing_backoffice", f"orders/{plain.order_id}", name, D("-31.50")),
        ("T1", "amount_mismatch", DAY, "payments in", D("-31.50")),
    ]


def test_a_payment_the_shop_knows_nothing_of_is_missing_there(agreeing: AShop, plain: Placed) -> None:
    agreeing.sql(
        "insert into backoffice.payments "
        "(shop, external_id, order_id, transaction_id, account, amount, paid_on, company) "
        "select shop, '77', order_id, 77, account, 5, paid_on, company from backoffice.payments "
        "where external_id = %(name)s",
        name=str(plain.transaction_id),
    )

    assert found(agreeing, "P1", "P2", "P5", "T1") == [
        ("P1", "missing_shopify", f"orders/{plain.order_id}", "77", D("5")),
        ("T1", "amount_mismatch", DAY, "payments in", D("5")),
    ]


def test_a_payment_of_a_transaction_that_only_authorised_is_one_the_shop_does_not_have(shop: AShop, mug: Item) -> None:
    order = shop.order((mug, 1, "10.00"))
    compare(shop)
    shop.sql("update recon.census_transactions set kind = 'AUTHORIZATION'")

    assert found(shop, "P1", "P2") == [
        ("P1", "missing_shopify", f"orders/{order.order_id}", str(order.transaction_id), D("10.50"))
    ]


def test_a_payment_of_a_young_transaction_is_on_its_way(shop: AShop, mug: Item) -> None:
    shop.order((mug, 1, "10.00"), gateway=None)
    order = shop.order((mug, 1, "10.00"), gateway=None, name="#1002")
    compare(shop)
    shop.pay(order.order_id, "10.50", NOW - timedelta(minutes=59))
    shop.count()

    assert [(rule, kind) for rule, kind, *_ in found(shop, "P1", "T1")] == [("P1", "in_transit"), ("T1", "in_transit")]


def test_one_minor_unit_too_much_in_a_payment_is_found(agreeing: AShop, plain: Placed) -> None:
    agreeing.sql(
        "update backoffice.payments set amount = amount + 0.01 where external_id = %(name)s",
        name=str(plain.transaction_id),
    )

    assert found(agreeing, "P1", "P2", "P5", "T1") == [
        ("P2", "amount_mismatch", f"orders/{plain.order_id}", str(plain.transaction_id), D("0.01")),
        ("T1", "amount_mismatch", DAY, "payments in", D("0.01")),
    ]


def test_payments_swapped_between_two_equal_orders_are_both_found_and_nothing_else_is(
    agreeing: AShop, refunded: Placed, plain: Placed
) -> None:
    for table in ("payments", "ledger"):
        agreeing.sql(
            f"update backoffice.{table} set order_id = case order_id when %(a)s then %(b)s else %(a)s end "
            "where external_id in (%(pa)s, %(pb)s)",
            a=refunded.order_id,
            b=plain.order_id,
            pa=str(refunded.transaction_id),
            pb=str(plain.transaction_id),
        )

    assert found(agreeing) == [
        ("P2", "orphan", f"orders/{refunded.order_id}", str(refunded.transaction_id), D(0)),
        ("P2", "orphan", f"orders/{plain.order_id}", str(plain.transaction_id), D(0)),
    ]


def test_two_errors_of_one_day_that_offset_are_found_one_by_one_and_not_in_the_sum(
    agreeing: AShop, refunded: Placed, plain: Placed
) -> None:
    for order, change in ((refunded, "1"), (plain, "-1")):
        agreeing.sql(
            "update backoffice.payments set amount = amount + %(change)s where external_id = %(name)s",
            change=D(change),
            name=str(order.transaction_id),
        )

    assert found(agreeing, "P2", "R2b", "T1") == [
        ("P2", "amount_mismatch", f"orders/{refunded.order_id}", str(refunded.transaction_id), D("1")),
        ("P2", "amount_mismatch", f"orders/{plain.order_id}", str(plain.transaction_id), D("-1")),
    ]


@pytest.mark.parametrize("figure", ["received", "refunded"])
def test_a_sum_the_shop_tells_that_is_not_the_sum_of_its_transactions_is_found(
    agreeing: AShop, refunded: Placed, figure: str
) -> None:
    agreeing.sql(
        f"update recon.census_orders set presentment_total_{figure} = presentment_total_{figure} + 1 "
        "where order_id = %(id)s",
        id=refunded.order_id,
    )

    assert found(agreeing) == [("P3", "amount_mismatch", f"orders/{refunded.order_id}", figure, D(-1))]


def authorised(shop: AShop, mug: Item, days_ago: int) -> tuple[Placed, int]:
    """An order whose 10.50 are authorised."""
    order = shop.order((mug, 1, "10.00"), gateway=None, at=NOW - timedelta(days=days_ago))
    return order, shop.pay(order.order_id, "10.50", NOW - timedelta(days=days_ago), kind="AUTHORIZATION")


def test_an_authorisation_that_waits_for_more_than_a_week_asks_for_attention(shop: AShop, mug: Item) -> None:
    order, authorisation = authorised(shop, mug, days_ago=8)
    compare(shop)

    assert found(shop) == [("P4", "attention", f"orders/{order.order_id}", str(authorisation), D("-10.50"))]


def test_an_authorisation_of_this_week_asks_for_none(shop: AShop, mug: Item) -> None:
    authorised(shop, mug, days_ago=6)
    compare(shop)

    assert found(shop) == []


@pytest.mark.parametrize("kind", ["CAPTURE", "VOID"])
def test_an_authorisation_that_was_used_or_let_go_asks_for_none(shop: AShop, mug: Item, kind: str) -> None:
    order, authorisation = authorised(shop, mug, days_ago=9)
    child = shop.pay(order.order_id, "10.50", NOW - timedelta(days=9), kind=kind)
    shop.sql(
        "update shopify.order_transactions set parent_transaction_id = %(parent)s where transaction_id = %(id)s",
        parent=authorisation,
        id=child,
    )
    compare(shop)

    assert found(shop, "P4", "P5") == []


def test_an_authorisation_the_shop_captured_for_more_than_it_allows_asks_for_attention(shop: AShop, mug: Item) -> None:
    order, authorisation = authorised(shop, mug, days_ago=2)
    for amount, kind in (("8.00", "CAPTURE"), ("10.50", "SALE")):
        child = shop.pay(order.order_id, amount, NOW - timedelta(days=2), kind=kind)
        shop.sql(
            "update shopify.order_transactions set parent_transaction_id = %(parent)s where transaction_id = %(id)s",
            parent=authorisation,
            id=child,
        )
    compare(shop)

    assert found(shop) == [("P5", "attention", f"orders/{order.order_id}", str(authorisation), D("8.00"))]


def test_a_capture_that_is_booked_twice_is_a_duplicate_of_its_authorisation(shop: AShop, mug: Item) -> None:
    order, authorisation = authorised(shop, mug, days_ago=2)
    capture = shop.pay(order.order_id, "10.50", NOW - timedelta(days=2), kind="CAPTURE")
    shop.sql(
        "update shopify.order_transactions set parent_transaction_id = %(parent)s where transaction_id = %(id)s",
        parent=authorisation,
        id=capture,
    )
    compare(shop)
    shop.sql(
        "insert into backoffice.payments "
        "(shop, external_id, order_id, transaction_id, account, amount, paid_on, company) "
        "select shop, external_id || ' again', order_id, transaction_id, account, amount, paid_on, company "
        "from backoffice.payments"
    )

    assert found(shop, "P1", "P2", "P5", "T1") == [
        ("P5", "duplicate", f"orders/{order.order_id}", str(authorisation), D("10.50")),
        ("T1", "amount_mismatch", "days/2026-11-18", "payments in", D("10.50")),
    ]


def test_a_credit_note_that_is_missing_is_named_by_its_agreement(agreeing: AShop, refunded: Placed) -> None:
    name = credit_note_of(agreeing, refunded)
    agreeing.sql("delete from backoffice.documents where external_id = %(name)s", name=name)

    assert found(agreeing, "R1", "R2a", "R3", "L1", "L2", "L3", "L4") == [
        ("R1", "missing_backoffice", f"orders/{refunded.order_id}", name, D("10.50"))
    ]


def test_a_credit_note_that_is_only_a_draft_is_missing(agreeing: AShop, refunded: Placed) -> None:
    agreeing.sql("update backoffice.documents set state = 'draft' where action_type = 'RETURN'")

    assert [(rule, kind) for rule, kind, *_ in found(agreeing, "R1", "R2a")] == [("R1", "missing_backoffice")]


def test_a_credit_note_of_a_refund_the_shop_does_not_have_is_found(agreeing: AShop, refunded: Placed) -> None:
    name = credit_note_of(agreeing, refunded)
    agreeing.sql(
        "update backoffice.documents set agreement_id = 8, external_id = '8/RETURN' where external_id = %(name)s",
        name=name,
    )

    assert found(agreeing, "R1", "R2a", "R3") == [
        ("R1", "missing_backoffice", f"orders/{refunded.order_id}", name, D("10.50")),
        ("R1", "missing_shopify", f"orders/{refunded.order_id}", "8/RETURN", D("-10.50")),
    ]


def test_a_cent_moved_between_invoice_and_credit_note_is_found_though_the_order_is_right(
    agreeing: AShop, refunded: Placed
) -> None:
    agreeing.sql(
        "update backoffice.documents set total = total + case action_type when 'RETURN' then 0.01 else -0.01 end "
        "where order_id = %(id)s",
        id=refunded.order_id,
    )

    assert found(agreeing, "R1", "R2a", "R3", "T1") == [
        (
            "R2a",
            "amount_mismatch",
            f"orders/{refunded.order_id}",
            credit_note_of(agreeing, refunded),
            D("0.01"),
        ),
        ("T1", "amount_mismatch", DAY, "returns", D("0.01")),
        ("T1", "amount_mismatch", DAY, "sales", D("-0.01")),
    ]


def test_too_little_tax_in_a_credit_note_of_the_right_total_is_found(agreeing: AShop, refunded: Placed) -> None:
    agreeing.sql("update backoffice.documents set tax = tax + 0.10 where action_type = 'RETURN'")

    assert found(agreeing, "R1", "R2a", "R3", "T1") == [
        ("R3", "amount_mismatch", f"orders/{refunded.order_id}", credit_note_of(agreeing, refunded), D("0.10")),
        ("T1", "amount_mismatch", DAY, "tax", D("0.10")),
    ]


def test_money_given_back_that_differs_is_found_by_transaction_and_by_order(agreeing: AShop, refunded: Placed) -> None:
    agreeing.sql("update backoffice.payments set amount = -10.49 where amount < 0")

    assert found(agreeing, "P1", "P2", "R2b", "T1") == [
        ("P2", "amount_mismatch", f"orders/{refunded.order_id}", str(refund_of(agreeing, refunded)), D("0.01")),
        ("R2b", "amount_mismatch", f"orders/{refunded.order_id}", "", D("0.01")),
        ("T1", "amount_mismatch", DAY, "payments out", D("0.01")),
    ]


def test_a_day_of_the_books_is_a_day_of_the_shops_zone(shop: AShop, mug: Item) -> None:
    shop.order((mug, 1, "10.00"), at=NOON + timedelta(hours=11, minutes=59))
    compare(shop)
    assert found(shop) == []

    shop.sql("update backoffice.documents set dated_on = dated_on + 1")

    assert found(shop, "T1") == [
        ("T1", "amount_mismatch", DAY, "sales", D("-10.50")),
        ("T1", "amount_mismatch", DAY, "tax", D("-0.50")),
        ("T1", "amount_mismatch", "days/2026-11-13", "sales", D("10.50")),
        ("T1", "amount_mismatch", "days/2026-11-13", "tax", D("0.50")),
    ]


def test_documents_in_a_foreign_currency_are_no_part_of_the_days_sum_and_a_figure_of_their_own(
    agreeing: AShop, plain: Placed
) -> None:
    agreeing.sql("update backoffice.documents set currency = 'EUR' where order_id = %(id)s", id=plain.order_id)

    assert found(agreeing, "T1") == [
        ("T1", "amount_mismatch", DAY, "sales", D("-31.50")),
        ("T1", "amount_mismatch", DAY, "sales in EUR", D("31.50")),
        ("T1", "amount_mismatch", DAY, "tax", D("-1.50")),
        ("T1", "amount_mismatch", DAY, "tax in EUR", D("1.50")),
    ]
