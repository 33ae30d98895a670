"""Going live and counting, in real Tryton: an opening entry stands on its order, a later count is a difference."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import msgspec

from shopify_pipeline.backoffice.protocol import (
    Codes,
    EntryLine,
    JournalEntry,
    Order,
    OrderLine,
    Outcome,
    Party,
    Payment,
    Product,
    StockCount,
)
from shopify_pipeline.backoffice.tryton import TrytonBackOffice

EVE = date(2026, 10, 31)


def bare(order_id: str, *lines: OrderLine, payments: tuple[Payment, ...] = ()) -> Order:
    """An order of which nothing happened since go-live but these payments."""
    return Order(
        external_id=order_id,
        name=f"#{order_id}",
        party="guest",
        on=date(2026, 10, 20),
        currency="USD",
        warehouse="EAST",
        fingerprint=f"{order_id}/{len(payments)}",
        lines=lines,
        documents=(),
        payments=payments,
        shipments=(),
        restocks=(),
    )


def opening(order_id: str, amount: str) -> JournalEntry:
    return JournalEntry(
        external_id=f"opening/order/{order_id}",
        kind="OPENING",
        on=EVE,
        currency="USD",
        description=f"#{order_id}: open when the books began",
        lines=(
            EntryLine(account="1200", amount=Decimal(amount)),
            EntryLine(account="3900", amount=-Decimal(amount)),
        ),
        order=order_id,
    )


def test_an_open_order_is_brought_with_its_entry_and_its_payment_closes_it(tryton: TrytonBackOffice, shop: str) -> None:
    """One with goods to ship, and one without any line."""
    tryton.push_parties(shop, [Party(external_id="guest", name="Guest")])
    mug = Product(
        external_id="51", code=f"MUG-{shop}", name="Mug", stocked=True, list_price=Decimal("10.00"), unit_cost=None
    )
    tryton.push_products(shop, [mug])
    line = OrderLine(external_id="11", product="51", quantity=2, title="Mug")
    orders = [bare("1", line), bare("2")]
    entries = [opening("1", "21.00"), opening("2", "5.00")]
    for outcome in (Outcome.CREATED, Outcome.UNCHANGED):
        assert [result.outcome for result in tryton.push_orders(shop, orders)] == [outcome, outcome]
        assert [result.outcome for result in tryton.push_entries(shop, entries)] == [outcome, outcome]
    paid = [
        bare(
            order_id,
            *lines,
            payments=(
                Payment(
                    external_id=f"9{order_id}",
                    account="1100",
                    gateway="shopify_payments",
                    amount=Decimal(amount),
                    on=date(2026, 11, 3),
                ),
            ),
        )
        for order_id, amount, lines in (("1", "21.00", (line,)), ("2", "5.00", ()))
    ]
    assert [result.outcome for result in tryton.push_orders(shop, paid)] == [Outcome.UPDATED, Outcome.UPDATED]
    sums: dict[tuple[str, str], Decimal] = {}
    for row in tryton.ledger(shop):
        sums[row.order_id, row.account] = sums.get((row.order_id, row.account), Decimal(0)) + row.amount
    assert {key: amount for key, amount in sums.items() if amount} == {
        ("1", "3900"): Decimal("-21.00"),
        ("1", "1100"): Decimal("21.00"),
        ("2", "3900"): Decimal("-5.00"),
        ("2", "1100"): Decimal("5.00"),
    }


def test_a_later_count_moves_the_difference_and_only_from_what_is_there(tryton: TrytonBackOffice, shop: str) -> None:
    mug = Product(
        external_id="52", code=f"CUP-{shop}", name="Cup", stocked=True, list_price=Decimal("10.00"), unit_cost=None
    )
    tryton.push_products(shop, [mug])
    first = StockCount(external_id="opening/1", product="52", location="EAST", quantity=100, counted_on=EVE)
    later = StockCount(
        external_id="count/1/EAST/2026-11-20",
        product="52",
        location="EAST",
        quantity=98,
        counted_on=date(2026, 11, 20),
        was=100,
        account="6200",
    )
    stale = msgspec.structs.replace(later, external_id="count/1/EAST/2026-11-21", quantity=97)
    assert [each.outcome for each in tryton.push_stock_counts(shop, [first])] == [Outcome.CREATED]
    assert [each.outcome for each in tryton.push_stock_counts(shop, [later])] == [Outcome.CREATED]
    assert [each.outcome for each in tryton.push_stock_counts(shop, [later])] == [Outcome.UNCHANGED]
    (refused,) = tryton.push_stock_counts(shop, [stale])
    assert (refused.outcome, refused.reason) == (
        Outcome.REJECTED,
        "98 units are on hand, not 100: something has moved since they were read",
    )
    assert [row.quantity for row in tryton.stock(shop)] == [Decimal(98)]


def test_codes_the_company_lacks_are_told_by_what_they_stand_for(tryton: TrytonBackOffice, shop: str) -> None:
    asked = Codes(accounts=("1200", "9999"), taxes=("No Tax",), locations=("EAST", "ATTIC"))
    assert tryton.unknown_codes(shop, asked) == Codes(accounts=("9999",), taxes=("No Tax",), locations=("ATTIC",))
