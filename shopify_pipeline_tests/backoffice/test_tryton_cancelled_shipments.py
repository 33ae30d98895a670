"""A fulfilment that is cancelled: its units are back where they left from, and its lines wait for another one."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from typing import Any

import msgspec
import pytest

from shopify_pipeline.backoffice.protocol import Order, Outcome, Shipment
from shopify_pipeline.backoffice.tryton import TrytonBackOffice
from shopify_pipeline.local.tryton import DATABASE, TrytonServer
from shopify_pipeline_tests.backoffice.builders import (
    a_count,
    a_document,
    a_payment,
    a_restock,
    a_shipment,
    an_order,
    an_order_line,
    charge,
    goods,
    grown,
    stock_up,
)

SHIPPED_ON = date(2026, 3, 6)


@pytest.fixture
def moved(tryton_server: TrytonServer) -> Iterator[Callable[[str], list[tuple[Any, ...]]]]:
    """Shipments and returns of a shop's orders that are done, by day: (day, kind, units)."""
    connection = sqlite3.connect(f"file:{tryton_server.home / DATABASE}.sqlite?mode=ro", uri=True)

    def read(shop: str) -> list[tuple[Any, ...]]:
        return connection.execute(
            """
            select m.effective_date, case when m.shipment like 'stock.shipment.out.return,%' then 'back' else 'out' end,
                   sum(m.quantity)
            from stock_move m
            join product_product p on p.id = m.product
            join stock_location f on f.id = m.from_location
            join stock_location t on t.id = m.to_location
            where p.suffix_code like ? and m.state = 'done' and 'customer' in (f.type, t.type)
            group by 1, 2 order by 1, 2 desc
            """,
            (f"{shop}-%",),
        ).fetchall()

    try:
        yield read
    finally:
        connection.close()


def cancelled(shipment: Shipment, on: date = SHIPPED_ON) -> Shipment:
    return msgspec.structs.replace(shipment, cancelled_on=on)


def on_hand(tryton: TrytonBackOffice, shop: str) -> dict[tuple[str, str], int]:
    return {(row.product, row.location): int(row.quantity) for row in tryton.stock(shop)}


def state(tryton: TrytonBackOffice, shop: str) -> str:
    (row,) = tryton.orders(shop)
    return row.state


def a_sent_order() -> Order:
    """Two units, paid, and both sent from the east."""
    return an_order(
        payments=(a_payment("11", "21.70"),), shipments=(a_shipment("fulfillment/1", location="EAST", line_1=2),)
    )


def test_a_cancelled_shipment_comes_back_to_its_own_place_on_the_day_it_was_cancelled(
    tryton: TrytonBackOffice, shop: str, moved: Callable[[str], list[tuple[Any, ...]]]
) -> None:
    stock_up(tryton, shop, "EAST", "MAIN")
    order = a_sent_order()
    tryton.push_orders(shop, [order])
    assert (on_hand(tryton, shop)["variant/1", "EAST"], state(tryton, shop)) == (98, "done")

    later = grown(order, shipments=(cancelled(order.shipments[0], date(2026, 3, 9)),))
    (result,) = tryton.push_orders(shop, [later])

    assert result.outcome is Outcome.UPDATED
    assert (on_hand(tryton, shop)["variant/1", "EAST"], on_hand(tryton, shop)["variant/1", "MAIN"]) == (100, 100)
    assert state(tryton, shop) == "processing"
    assert moved(shop) == [("2026-03-06", "out", 2.0), ("2026-03-09", "back", 2.0)]


def test_the_way_back_is_never_before_the_way_out(
    tryton: TrytonBackOffice, shop: str, moved: Callable[[str], list[tuple[Any, ...]]]
) -> None:
    stock_up(tryton, shop, "EAST")
    order = a_sent_order()
    tryton.push_orders(shop, [order])

    tryton.push_orders(shop, [grown(order, shipments=(cancelled(order.shipments[0], date(2026, 3, 1)),))])

    assert moved(shop) == [("2026-03-06", "out", 2.0), ("2026-03-06", "back", 2.0)]


def test_units_of_a_closed_stock_period_move_on_the_first_open_day_and_the_day_of_the_event_is_kept(
    tryton: TrytonBackOffice,
    shop: str,
    moved: Callable[[str], list[tuple[Any, ...]]],
    as_admin: Callable[..., Any],
    tryton_server: TrytonServer,
) -> None:
    stock_up(tryton, shop, "EAST", "WEST")
    event = date(2025, 1, 10)
    order = an_order(
        on=event,
        documents=(a_document("1/ORDER", goods("30.00", 3), on=event),),
        lines=(an_order_line(1, 3),),
        shipments=(a_shipment("fulfillment/1", location="EAST", on=event, line_1=1),),
    )
    tryton.push_orders(shop, [order])
    end = {"__class__": "date", "year": 2025, "month": 1, "day": 31}
    companies = as_admin("model.company.company.search", [], 0, 1, [("id", "ASC")])
    period = as_admin("model.stock.period.create", [{"date": end, "company": companies[0]}])
    as_admin("model.stock.period.close", period)
    try:
        late = grown(
            order,
            shipments=(
                cancelled(order.shipments[0], date(2025, 1, 20)),
                a_shipment("fulfillment/2", location="WEST", on=date(2025, 1, 21), line_1=2),
            ),
            restocks=(a_restock("refund/1", location="WEST", on=date(2025, 1, 22), line_1=1),),
        )
        results = tryton.push_orders(shop, [late])
        count = msgspec.structs.replace(a_count(1, "MAIN", 7), counted_on=date(2025, 1, 23))
        results += tryton.push_stock_counts(shop, [count])
    finally:
        as_admin("model.stock.period.draft", period)

    assert [result.outcome for result in results] == [Outcome.UPDATED, Outcome.CREATED]
    assert moved(shop) == [("2025-01-10", "out", 1.0), ("2025-02-01", "out", 2.0), ("2025-02-01", "back", 2.0)]
    hand = on_hand(tryton, shop)
    assert [hand["variant/1", place] for place in ("EAST", "WEST", "MAIN")] == [100, 99, 7]
    assert both_days(tryton_server, "2025-02-01") == {
        ("stock_shipment_out", "2025-01-21"),
        ("stock_shipment_out_return", "2025-01-20"),
        ("stock_shipment_out_return", "2025-01-22"),
        ("stock_inventory", "2025-01-23"),
    }


def both_days(server: TrytonServer, booked_on: str) -> set[tuple[str, str]]:
    """What is booked on a day: its table, and the day it happened in the shop."""
    days = {
        "stock_shipment_out": "effective_date",
        "stock_shipment_out_return": "effective_date",
        "stock_inventory": "date",
    }
    with closing(sqlite3.connect(f"file:{server.home / DATABASE}.sqlite?mode=ro", uri=True)) as connection:
        return {
            (table, on)
            for table, day in days.items()
            for (on,) in connection.execute(
                f"select shopify_on from {table} where {day} = ? and shopify_on is not null",
                (booked_on,),
            )
        }


def test_the_units_are_owed_again_and_the_next_shipment_finishes_the_order(tryton: TrytonBackOffice, shop: str) -> None:
    stock_up(tryton, shop, "EAST")
    order = a_sent_order()
    tryton.push_orders(shop, [order])
    undone = cancelled(order.shipments[0])
    tryton.push_orders(shop, [grown(order, shipments=(undone,))])

    again = grown(grown(order), shipments=(undone, a_shipment("fulfillment/2", location="EAST", line_1=2)))
    tryton.push_orders(shop, [again])

    assert (on_hand(tryton, shop)["variant/1", "EAST"], state(tryton, shop)) == (98, "done")


def test_cancelled_and_sent_anew_in_one_push(tryton: TrytonBackOffice, shop: str) -> None:
    stock_up(tryton, shop, "EAST", "MAIN")
    order = a_sent_order()
    tryton.push_orders(shop, [order])

    anew = (cancelled(order.shipments[0]), a_shipment("fulfillment/2", location="MAIN", line_1=2))
    tryton.push_orders(shop, [grown(order, shipments=anew)])

    assert (on_hand(tryton, shop)["variant/1", "EAST"], on_hand(tryton, shop)["variant/1", "MAIN"]) == (100, 98)
    assert state(tryton, shop) == "done"


def test_units_that_are_no_longer_owed_leave_nothing_to_send(tryton: TrytonBackOffice, shop: str) -> None:
    stock_up(tryton, shop, "EAST")
    order = a_sent_order()
    tryton.push_orders(shop, [order])

    none_left = grown(order, lines=(an_order_line(1, 0),), shipments=(cancelled(order.shipments[0]),))
    tryton.push_orders(shop, [none_left])

    assert (on_hand(tryton, shop)["variant/1", "EAST"], state(tryton, shop)) == (100, "done")


def test_cancelling_again_and_again_brings_the_units_back_once(
    tryton: TrytonBackOffice, shop: str, moved: Callable[[str], list[tuple[Any, ...]]]
) -> None:
    stock_up(tryton, shop, "EAST")
    order = a_sent_order()
    tryton.push_orders(shop, [order])
    later = grown(order, shipments=(cancelled(order.shipments[0]),))
    tryton.push_orders(shop, [later])

    assert tryton.push_orders(shop, [later])[0].outcome is Outcome.UNCHANGED
    tryton.push_orders(shop, [grown(later, name="#1 renamed")])

    assert on_hand(tryton, shop)["variant/1", "EAST"] == 100
    assert [units for _, _, units in moved(shop)] == [2.0, 2.0]


def test_one_of_two_shipments_is_cancelled(tryton: TrytonBackOffice, shop: str) -> None:
    stock_up(tryton, shop, "EAST")
    parts = (
        a_shipment("fulfillment/1", location="EAST", line_1=2),
        a_shipment("fulfillment/2", location="EAST", line_1=1),
    )
    order = an_order(lines=(an_order_line(1, 3),), shipments=parts)
    tryton.push_orders(shop, [order])

    tryton.push_orders(shop, [grown(order, shipments=(cancelled(parts[0]), parts[1]))])

    assert (on_hand(tryton, shop)["variant/1", "EAST"], state(tryton, shop)) == (99, "processing")
    assert tryton.counts(shop)["shipments"] == 1


def test_a_shipment_that_was_cancelled_before_it_was_booked_moves_nothing_and_never_will(
    tryton: TrytonBackOffice, shop: str, moved: Callable[[str], list[tuple[Any, ...]]]
) -> None:
    stock_up(tryton, shop, "EAST")
    order = an_order(shipments=(cancelled(a_shipment("fulfillment/1", location="EAST", line_1=2)),))
    tryton.push_orders(shop, [order])

    late_and_stale = grown(order, shipments=(a_shipment("fulfillment/1", location="EAST", line_1=2),))
    tryton.push_orders(shop, [late_and_stale])

    assert (on_hand(tryton, shop)["variant/1", "EAST"], moved(shop)) == (100, [])
    assert tryton.counts(shop)["shipments"] == 0


def test_a_cancelled_shipment_of_services_has_nothing_to_bring_back(
    tryton: TrytonBackOffice, shop: str, moved: Callable[[str], list[tuple[Any, ...]]]
) -> None:
    stock_up(tryton, shop, "EAST")
    order = an_order(
        lines=(an_order_line(9, 1),),
        documents=(a_document("1/ORDER", charge("5.00", "4100")),),
        shipments=(a_shipment("fulfillment/1", location="EAST", line_9=1),),
    )
    tryton.push_orders(shop, [order])

    (result,) = tryton.push_orders(shop, [grown(order, shipments=(cancelled(order.shipments[0]),))])

    assert (result.outcome, moved(shop)) == (Outcome.UPDATED, [])


def test_a_return_before_the_cancellation_stays_a_return(tryton: TrytonBackOffice, shop: str) -> None:
    stock_up(tryton, shop, "EAST")
    parts = (
        a_shipment("fulfillment/1", location="EAST", line_1=1),
        a_shipment("fulfillment/2", location="EAST", line_1=1),
    )
    order = an_order(documents=(a_document("1/ORDER", goods("20.00", 2)),), shipments=parts)
    tryton.push_orders(shop, [order])

    back = grown(order, restocks=(a_restock("refund/1", location="EAST", line_1=1),))
    tryton.push_orders(shop, [back])
    assert on_hand(tryton, shop)["variant/1", "EAST"] == 99

    tryton.push_orders(shop, [grown(back, shipments=(parts[0], cancelled(parts[1])))])

    assert on_hand(tryton, shop)["variant/1", "EAST"] == 100
