"""Units: opening counts, what leaves, what comes back, and shipments that never were."""

# ruff: noqa: S101

from __future__ import annotations

from datetime import date
from decimal import Decimal

from shopify_pipeline.backoffice.contract.reading import (
    Specification,
    assert_rejected,
    created,
    moved,
    on_hand,
    to_ship,
    unchanged,
)
from shopify_pipeline.backoffice.contract.samples import CompanyCodes, Samples, grown
from shopify_pipeline.backoffice.protocol import BackOffice

D = Decimal
CANCELLED_ON = date(2026, 3, 9)


class UnitsContract(Specification):
    """Units on hand are what was counted, less what left, plus what came back."""

    def test_a_line_added_by_an_edit_is_shipped_in_the_same_push(
        self, office: BackOffice, shop: str, a: Samples, codes: CompanyCodes
    ) -> None:
        a.stock_up(office, shop)
        order = a.order(shipments=(a.shipment("fulfillment/1", line_1=2),))
        office.push_orders(shop, [order])
        edited = grown(
            order,
            lines=(a.order_line(1, 2), a.order_line(2, 1)),
            documents=(*order.documents, a.document("agreement/2", a.goods("9.50", 1, line=2))),
            shipments=(*order.shipments, a.shipment("fulfillment/2", line_2=1)),
        )

        office.push_orders(shop, [edited])

        assert on_hand(office, shop) == {("variant/1", codes.main): D(98), ("variant/2", codes.main): D(99)}
        assert office.counts(shop)["shipments"] == 2

    def test_an_order_leaves_in_parts_from_several_places_even_where_nothing_was_counted(
        self, office: BackOffice, shop: str, a: Samples, codes: CompanyCodes
    ) -> None:
        a.stock_up(office, shop, codes.main, codes.west)
        order = a.order(
            lines=(a.order_line(1, 5),),
            documents=(a.document("agreement/1", a.goods("50.00", 5)),),
            shipments=(a.shipment("fulfillment/1", line_1=1),),
        )
        office.push_orders(shop, [order])
        assert on_hand(office, shop)["variant/1", codes.main] == 99

        east = a.shipment("fulfillment/2", location=codes.east, line_1=1)
        west = a.shipment("fulfillment/3", location=codes.west, line_1=2)
        office.push_orders(shop, [grown(order, shipments=(*order.shipments, east, west))])

        hand = on_hand(office, shop)
        assert [hand["variant/1", place] for place in (codes.main, codes.east, codes.west)] == [99, -1, 98]
        assert office.counts(shop)["shipments"] == 3

    def test_a_fulfilled_service_moves_no_stock(
        self, office: BackOffice, shop: str, a: Samples, codes: CompanyCodes
    ) -> None:
        a.stock_up(office, shop)
        order = a.order(
            lines=(a.order_line(9, 1),),
            documents=(a.document("agreement/1", a.goods("10.00", 1, line=9)),),
            shipments=(a.shipment("fulfillment/1", line_9=1),),
        )

        assert office.push_orders(shop, [order]) == [created("order/1", documents=1)]

        assert on_hand(office, shop) == {("variant/1", codes.main): D(100), ("variant/2", codes.main): D(100)}
        assert office.counts(shop)["shipments"] == 1

    def test_lines_are_read_with_their_units_and_services_are_left_out(
        self, office: BackOffice, shop: str, a: Samples
    ) -> None:
        a.stock_up(office, shop)
        order = a.order(lines=(a.order_line(1, 2), a.order_line(9, 1)))
        office.push_orders(shop, [order])
        assert to_ship(office, shop) == {("order/1", "line/1", "variant/1"): D(2)}

        office.push_orders(shop, [grown(order, lines=(a.order_line(1, 0), a.order_line(2, 3), a.order_line(9, 1)))])

        assert to_ship(office, shop) == {("order/1", "line/2", "variant/2"): D(3)}

    def test_what_left_and_what_came_back_is_read_by_line_place_and_day(
        self, office: BackOffice, shop: str, a: Samples, codes: CompanyCodes
    ) -> None:
        a.stock_up(office, shop, codes.main, codes.east)
        order = a.order(
            lines=(a.order_line(1, 2), a.order_line(2, 1)),
            shipments=(a.shipment("fulfillment/1", location=codes.east, line_1=2, line_2=1),),
        )
        office.push_orders(shop, [order])

        office.push_orders(shop, [grown(order, restocks=(a.restock("refund/1", line_1=1),))])

        left, back = date(2026, 3, 6), date(2026, 3, 20)
        assert moved(office, shop) == [
            ("restock", "refund/1", "order/1", "line/1", codes.main, D(1), back),
            ("shipment", "fulfillment/1", "order/1", "line/1", codes.east, D(2), left),
            ("shipment", "fulfillment/1", "order/1", "line/2", codes.east, D(1), left),
        ]
        assert to_ship(office, shop)["order/1", "line/1", "variant/1"] == 2

    def test_nothing_is_out_of_a_shipment_that_was_cancelled(
        self, office: BackOffice, shop: str, a: Samples, codes: CompanyCodes
    ) -> None:
        a.stock_up(office, shop)
        order = a.order(
            lines=(a.order_line(1, 2), a.order_line(2, 1)),
            shipments=(
                a.shipment("fulfillment/1", line_1=1, line_2=1),
                a.shipment("fulfillment/2", line_1=1, on=date(2026, 3, 8)),
            ),
        )
        office.push_orders(shop, [order])
        _, second = order.shipments
        cancelled = a.shipment("fulfillment/1", line_1=1, line_2=1, cancelled_on=CANCELLED_ON)

        office.push_orders(shop, [grown(order, shipments=(cancelled, second))])

        assert moved(office, shop) == [
            ("shipment", "fulfillment/2", "order/1", "line/1", codes.main, D(1), date(2026, 3, 8))
        ]

    def test_an_opening_count_is_booked_once_and_never_overwritten(
        self, office: BackOffice, shop: str, a: Samples, codes: CompanyCodes
    ) -> None:
        a.stock_up(office, shop)

        again, other = office.push_stock_counts(shop, [a.count(1, codes.main), a.count(2, codes.main, 90)])

        assert again == unchanged("variant/1@" + codes.main)
        assert_rejected([other], {other.external_id: "90"})
        assert on_hand(office, shop) == {("variant/1", codes.main): D(100), ("variant/2", codes.main): D(100)}

    def test_a_later_count_moves_the_difference_once(
        self, office: BackOffice, shop: str, a: Samples, codes: CompanyCodes
    ) -> None:
        a.stock_up(office, shop)
        recount = a.recount(1, codes.main, was=100, quantity=97)

        assert office.push_stock_counts(shop, [recount]) == [created(recount.external_id)]
        assert office.push_stock_counts(shop, [recount]) == [unchanged(recount.external_id)]

        assert on_hand(office, shop) == {("variant/1", codes.main): D(97), ("variant/2", codes.main): D(100)}

    def test_a_later_count_of_what_has_moved_since_is_rejected(
        self, office: BackOffice, shop: str, a: Samples, codes: CompanyCodes
    ) -> None:
        a.stock_up(office, shop)
        office.push_orders(shop, [a.order(shipments=(a.shipment("fulfillment/1", line_1=2),))])
        recount = a.recount(1, codes.main, was=100, quantity=97)

        assert_rejected(office.push_stock_counts(shop, [recount]), {recount.external_id: "98"})

        assert on_hand(office, shop)["variant/1", codes.main] == 98

    def test_a_cancelled_shipment_that_was_booked_gives_its_units_back_once(
        self, office: BackOffice, shop: str, a: Samples, codes: CompanyCodes
    ) -> None:
        a.stock_up(office, shop)
        order = a.order(shipments=(a.shipment("fulfillment/1", line_1=2),))
        office.push_orders(shop, [order])
        cancelled = grown(order, shipments=(a.shipment("fulfillment/1", line_1=2, cancelled_on=CANCELLED_ON),))

        office.push_orders(shop, [cancelled])
        office.push_orders(shop, [grown(cancelled)])

        assert on_hand(office, shop) == {("variant/1", codes.main): D(100), ("variant/2", codes.main): D(100)}
        assert office.counts(shop)["shipments"] == 0

    def test_a_shipment_that_is_cancelled_before_it_was_booked_is_never_booked(
        self, office: BackOffice, shop: str, a: Samples, codes: CompanyCodes
    ) -> None:
        a.stock_up(office, shop)
        order = a.order(shipments=(a.shipment("fulfillment/1", line_1=2, cancelled_on=CANCELLED_ON),))

        assert office.push_orders(shop, [order]) == [created("order/1", documents=1)]
        office.push_orders(shop, [grown(order, shipments=(a.shipment("fulfillment/1", line_1=2),))])

        assert on_hand(office, shop) == {("variant/1", codes.main): D(100), ("variant/2", codes.main): D(100)}
        assert office.counts(shop)["shipments"] == 0

    def test_units_of_a_cancelled_shipment_leave_with_the_next_one(
        self, office: BackOffice, shop: str, a: Samples, codes: CompanyCodes
    ) -> None:
        a.stock_up(office, shop, codes.main, codes.east)
        order = a.order(shipments=(a.shipment("fulfillment/1", line_1=2),))
        office.push_orders(shop, [order])
        shipments = (
            a.shipment("fulfillment/1", line_1=2, cancelled_on=CANCELLED_ON),
            a.shipment("fulfillment/2", line_1=2, location=codes.east),
        )

        office.push_orders(shop, [grown(order, shipments=shipments)])

        hand = on_hand(office, shop)
        assert (hand["variant/1", codes.main], hand["variant/1", codes.east]) == (D(100), D(98))
        assert office.counts(shop)["shipments"] == 1
