"""Revenue by fulfilment: goods are deferred when they are sold, and each parcel releases its share, exactly."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopify_pipeline.backoffice.mapping import order
from shopify_pipeline.backoffice.owed import OrderFacts
from shopify_pipeline.backoffice.protocol import Order
from shopify_pipeline.backoffice.value_map import Unmapped
from shopify_pipeline_tests.backoffice.mapping_facts import (
    BOOKS,
    HEADER,
    LINE,
    NOON,
    VALUE_MAP,
    agreement,
    facts,
    moved,
    owed,
    refunded_units,
    sale,
)

DEFERRED, REVENUE = "2400", "4000"


def later(days: int) -> datetime:
    return NOON + timedelta(days=days)


def releases(mapped: Order) -> list[tuple[str, date, str]]:
    """Id, day and what left the deferred account for revenue."""
    found = []
    for entry in mapped.entries:
        amounts = {line.account: line.amount for line in entry.lines}
        assert sum(amounts.values()) == 0
        assert amounts.keys() == {DEFERRED, REVENUE}
        found.append((entry.external_id, entry.on, str(amounts[DEFERRED])))
    return found


def deferred(mapped: Order) -> Decimal:
    """What still waits, as a credit."""
    sold = sum((line.net for one in mapped.documents for line in one.lines if line.account == DEFERRED), Decimal(0))
    return sold - sum(
        (line.amount for one in mapped.entries for line in one.lines if line.account == DEFERRED), Decimal(0)
    )


THREE_FOR_TEN = {
    "lines": [LINE],
    "agreements": [agreement(11)],
    "sales": [sale(21, 11, "10.00", quantity=3, line=31), sale(22, 11, "4.00", line_type="SHIPPING", quantity=None)],
}


def test_goods_wait_on_the_deferred_account_and_shipping_does_not() -> None:
    mapped = owed(recognition="fulfillment", **THREE_FOR_TEN)
    assert [line.account for line in mapped.documents[0].lines] == [DEFERRED, "4100"]
    assert (mapped.entries, deferred(mapped)) == ((), Decimal("10.00"))


def test_a_service_sold_before_go_live_is_revenue_when_it_is_done_though_nothing_else_is_owed() -> None:
    service = msgspec.structs.replace(LINE, is_stocked=False, unfulfilled_quantity=0)
    sold = agreement(11, at=NOON - timedelta(days=20))
    done = {"agreements": [sold], "sales": [sale(21, 11, "10.00", line=31)], "shipped": [moved(61, 1)]}
    mapped = owed(recognition="fulfillment", lines=[service], **done)
    assert (mapped.documents, mapped.payments, mapped.shipments) == ((), (), ())
    assert releases(mapped) == [("release/61", date(2026, 11, 6), "10.00")]
    assert order(facts(lines=[service], **done), VALUE_MAP, BOOKS, "order") is None


def test_recognised_by_order_nothing_waits() -> None:
    mapped = owed(**THREE_FOR_TEN, shipped=[moved(61, 1)])
    assert ([line.account for line in mapped.documents[0].lines], mapped.entries) == ([REVENUE, "4100"], ())


def test_three_units_for_ten_that_leave_one_by_one_release_every_cent() -> None:
    parcels = [moved(60 + number, 1, at=later(number)) for number in (1, 2, 3)]
    mapped = owed(recognition="fulfillment", **THREE_FOR_TEN, shipped=parcels)
    assert releases(mapped) == [
        ("release/61", date(2026, 11, 7), "3.33"),
        ("release/62", date(2026, 11, 8), "3.34"),
        ("release/63", date(2026, 11, 9), "3.33"),
    ]
    assert deferred(mapped) == 0


def test_revenue_goes_where_the_product_type_says() -> None:
    book = msgspec.structs.replace(LINE, product_type="Book")
    mapped = owed(recognition="fulfillment", **{**THREE_FOR_TEN, "lines": [book]}, shipped=[moved(61, 3)])
    (entry,) = mapped.entries
    assert {line.account: line.amount for line in entry.lines} == {
        DEFERRED: Decimal("10.00"),
        "4010": Decimal("-10.00"),
    }
    assert (entry.kind, entry.order, entry.currency) == ("RELEASE", "1", "USD")


def test_a_unit_taken_off_between_two_parcels_is_settled_by_the_second() -> None:
    mapped = owed(
        recognition="fulfillment",
        lines=[LINE],
        agreements=[agreement(11), agreement(12, "OrderEditAgreement", at=later(2))],
        sales=[
            sale(21, 11, "10.00", quantity=3, line=31),
            sale(22, 12, "-3.34", action="RETURN", quantity=-1, line=31),
        ],
        shipped=[moved(61, 1, at=later(1)), moved(62, 1, at=later(3))],
    )
    assert releases(mapped) == [("release/61", date(2026, 11, 7), "3.33"), ("release/62", date(2026, 11, 9), "3.33")]
    assert deferred(mapped) == 0


def test_a_price_lowered_after_everything_left_is_settled_at_once() -> None:
    mapped = owed(
        recognition="fulfillment",
        lines=[LINE],
        agreements=[agreement(11), agreement(12, "OrderEditAgreement", at=later(2))],
        sales=[
            sale(21, 11, "10.00", quantity=3, line=31),
            sale(22, 12, "-2.00", action="UPDATE", quantity=0, line=31),
        ],
        shipped=[moved(61, 3, at=later(1))],
    )
    assert releases(mapped)[1:] == [("release/agreement/12", date(2026, 11, 8), "-2.00")]
    assert deferred(mapped) == 0


@pytest.mark.parametrize("how", ["refund", "return"])
def test_units_that_come_back_take_their_revenue_back_while_others_still_wait(how: str) -> None:
    back = {"refund": 91} if how == "refund" else {"returned": 81}
    mapped = owed(
        recognition="fulfillment",
        lines=[LINE],
        agreements=[agreement(11), agreement(12, at=later(2), **back)],
        sales=[
            sale(21, 11, "9.00", quantity=3, line=31),
            sale(22, 12, "-3.00", action="RETURN", quantity=-1, line=31),
        ],
        shipped=[moved(61, 2, at=later(1))],
        refunded=[refunded_units(91, 1)] if how == "refund" else [],
    )
    assert releases(mapped)[1:] == [("release/agreement/12", date(2026, 11, 8), "-3.00")]
    assert deferred(mapped) == Decimal("3.00")


def test_a_refund_of_units_that_never_left_takes_no_revenue_back() -> None:
    mapped = owed(
        recognition="fulfillment",
        lines=[LINE],
        agreements=[agreement(11), agreement(12, "RefundAgreement", at=later(2), refund=91)],
        sales=[
            sale(21, 11, "9.00", quantity=3, line=31),
            sale(22, 12, "-3.00", action="RETURN", quantity=-1, line=31),
        ],
        shipped=[moved(61, 2, at=later(1))],
    )
    assert [(name, amount) for name, _, amount in releases(mapped)] == [("release/61", "6.00")]
    assert deferred(mapped) == 0


def test_a_cancelled_parcel_gives_its_revenue_back_and_the_next_one_releases_it_again() -> None:
    mapped = owed(
        recognition="fulfillment",
        **THREE_FOR_TEN,
        shipped=[moved(61, 3, at=later(1), cancelled_at=later(2)), moved(62, 3, at=later(4))],
    )
    assert releases(mapped) == [
        ("release/61", date(2026, 11, 7), "10.00"),
        ("release/61/cancelled", date(2026, 11, 8), "-10.00"),
        ("release/62", date(2026, 11, 10), "10.00"),
    ]


def test_what_left_before_the_books_began_is_not_released_in_them() -> None:
    before = datetime(2026, 10, 20, 12, tzinfo=UTC)
    sold = {**THREE_FOR_TEN, "agreements": [agreement(11, at=before)]}
    parcels = [moved(61, 1, at=before + timedelta(days=1)), moved(62, 2)]
    mapped = owed(recognition="fulfillment", **sold, shipped=parcels)
    assert releases(mapped) == [("release/62", date(2026, 11, 6), "6.67")]


def test_without_an_account_for_what_is_deferred_the_order_is_refused() -> None:
    bare = msgspec.structs.replace(VALUE_MAP, accounts={"receivable": "1200"})
    with pytest.raises(Unmapped, match=r"no code for account 'deferred': add it to \[accounts\]"):
        order(facts(**THREE_FOR_TEN), bare, BOOKS, "fulfillment")


@st.composite
def any_life(draw: st.DrawFn) -> OrderFacts:
    """A line that is sold, edited, shipped, cancelled and returned in any order, until nothing is left to ship."""
    numbers = itertools.count(100)
    hours = itertools.count(1)
    agreements, sales, shipped, refunded = [], [], [], []
    ordered = left = 0

    def agreed(units: int, action: str, *, came_back: bool = False) -> None:
        number = next(numbers)
        at = NOON + timedelta(hours=next(hours))
        net = Decimal(draw(st.integers(1, 5_000))).scaleb(-2)
        agreements.append(agreement(number, at=at, refund=number))
        sales.append(
            sale(next(numbers), number, str(-net if units < 0 else net), action=action, quantity=units, line=31)
        )
        if came_back:
            refunded.append(refunded_units(number, -units))

    for what in ["sell", *draw(st.lists(st.sampled_from(["sell", "remove", "reprice", "ship", "cancel", "return"])))]:
        units = draw(st.integers(1, 4))
        if what == "sell":
            agreed(units, "ORDER")
            ordered += units
        elif what == "reprice":
            agreed(0, "UPDATE")
        elif what == "remove" and ordered > left:
            units = min(units, ordered - left)
            agreed(-units, "RETURN")
            ordered -= units
        elif what == "return" and left:
            units = min(units, left)
            agreed(-units, "RETURN", came_back=True)
            ordered, left = ordered - units, left - units
        elif what in ("ship", "cancel") and ordered > left:
            units = min(units, ordered - left)
            at, number = NOON + timedelta(hours=next(hours)), next(numbers)
            undone = NOON + timedelta(hours=next(hours)) if what == "cancel" else None
            shipped.append(moved(number, units, at=at, cancelled_at=undone))
            left += 0 if undone else units
    if ordered > left:
        shipped.append(moved(next(numbers), ordered - left, at=NOON + timedelta(hours=next(hours))))
    return facts(lines=[LINE], agreements=agreements, sales=sales, shipped=shipped, refunded=refunded)


@given(any_life())
def test_nothing_waits_any_more_when_nothing_is_left_to_ship_whatever_happened(life: OrderFacts) -> None:
    mapped = order(life, VALUE_MAP, BOOKS, "fulfillment")
    assert mapped is not None
    assert deferred(mapped) == 0
    names = Counter(entry.external_id for entry in mapped.entries)
    assert set(names.values()) <= {1}
    by_order = order(life, VALUE_MAP, BOOKS)
    assert by_order is not None
    earned = sum((line.amount for one in mapped.entries for line in one.lines if line.account == REVENUE), Decimal(0))
    assert -earned == sum(line.net for one in by_order.documents for line in one.lines)


@given(any_life(), st.data())
def test_what_happens_later_never_changes_an_entry_that_was_posted(life: OrderFacts, data: st.DataObject) -> None:
    known = data.draw(
        st.sampled_from([row.happened_at for row in life.agreements] + [row.moved_at for row in life.shipped])
    )
    agreements = tuple(row for row in life.agreements if row.happened_at <= known)
    before = msgspec.structs.replace(
        life,
        order=HEADER,
        agreements=agreements,
        sales=tuple(row for row in life.sales if row.agreement_id in {one.agreement_id for one in agreements}),
        shipped=tuple(
            msgspec.structs.replace(
                row, cancelled_at=row.cancelled_at if row.cancelled_at and row.cancelled_at <= known else None
            )
            for row in life.shipped
            if row.moved_at <= known
        ),
    )
    then, now = order(before, VALUE_MAP, BOOKS, "fulfillment"), order(life, VALUE_MAP, BOOKS, "fulfillment")
    assert then is not None
    assert now is not None
    assert now.entries[: len(then.entries)] == then.entries
