"""What an order's units say: parcels that were cancelled, returns with and without a refund."""

from __future__ import annotations

from datetime import date, timedelta

from shopify_pipeline.backoffice.protocol import MovedUnits
from shopify_pipeline_tests.backoffice.mapping_facts import LINE, NOON, moved, owed

TWO = (MovedUnits(order_line="31", quantity=2),)


def test_a_cancelled_shipment_keeps_its_units_and_they_are_owed_again() -> None:
    again = NOON + timedelta(days=3)
    mapped = owed(lines=[LINE], shipped=[moved(61, 2, cancelled_at=again), moved(62, 1)])
    assert [
        (shipment.external_id, shipment.on, shipment.cancelled_on, shipment.units) for shipment in mapped.shipments
    ] == [
        ("61", date(2026, 11, 6), date(2026, 11, 9), TWO),
        ("62", date(2026, 11, 6), None, (MovedUnits(order_line="31", quantity=1),)),
    ]
    (line,) = mapped.lines
    assert line.quantity == LINE.unfulfilled_quantity + 1


def test_what_a_return_puts_back_is_a_restock_of_its_own_by_disposition() -> None:
    restocks = owed(lines=[LINE], restocked=[moved(91, 1), moved(91, 2, is_disposition=True)]).restocks
    assert [(restock.external_id, restock.units[0].quantity) for restock in restocks] == [
        ("91/71", 1),
        ("disposition/91", 2),
    ]


def test_an_order_of_which_nothing_but_a_return_came_back_is_owed() -> None:
    mapped = owed(lines=[LINE], restocked=[moved(5, 2, is_disposition=True)])
    assert (mapped.documents, mapped.payments, mapped.restocks[0].units) == ((), (), TWO)


def test_units_that_left_before_the_books_began_and_never_did_after_all_come_back_on_the_day_of_the_cancellation() -> (
    None
):
    before = moved(61, 2, at=NOON - timedelta(days=30), cancelled_at=NOON)
    long_gone = moved(62, 1, at=NOON - timedelta(days=30), cancelled_at=NOON - timedelta(days=20))
    mapped = owed(lines=[LINE], shipped=[before, long_gone, moved(63, 1)])
    assert [shipment.external_id for shipment in mapped.shipments] == ["63"]
    assert [(restock.external_id, restock.on, restock.location, restock.units) for restock in mapped.restocks] == [
        ("cancelled/61", date(2026, 11, 6), "EAST", TWO)
    ]
