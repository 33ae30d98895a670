"""What a load promises: whole roots or none, newest version wins, nothing twice, nothing lost without a name."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from shopify_pipeline.clock import SystemClock
from shopify_pipeline.errors import IncompleteError
from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.steps.load import load_landed
from shopify_pipeline.warehouse.loads import Loads
from shopify_pipeline_tests.builders import (
    SHOP,
    a_level,
    a_line,
    a_location,
    a_sale,
    an_agreement,
    an_order,
    as_bulk,
    bag,
    connection,
    page,
)
from shopify_pipeline_tests.steps.conftest import Loading


def test_a_page_of_orders_becomes_rows_dirty_set_and_cursor(loading: Loading) -> None:
    loaded = loading("orders", ("page", [page("orders", an_order(1, total="10.5"), an_order(2))]))

    assert (loaded.received, loaded.loaded, loaded.new_versions, loaded.quarantined) == (2, 2, 2, 0)
    assert loading.rows("select order_id, current_total_price_shop from shopify.orders order by order_id") == [
        (1, Decimal("10.5")),
        (2, Decimal("10")),
    ]
    assert loading.rows("select order_line_id, order_id from shopify.order_lines order by 1") == [(10, 1), (20, 2)]
    assert loading.rows("select resource, external_id from ops.dirty order by 2") == [("orders", "1"), ("orders", "2")]
    assert Loads(loading.conn).cursor(SHOP, "orders") is not None


def test_the_same_page_again_is_no_new_version_and_marks_nothing_dirty(loading: Loading) -> None:
    body = ("page", [page("orders", an_order(1))])
    loading("orders", body)
    loading.conn.execute("delete from ops.dirty")

    again = loading("orders", body)

    assert (again.received, again.loaded, again.new_versions) == (1, 1, 0)
    assert loading.rows("select * from ops.dirty") == []


def test_bulk_lines_and_a_page_of_the_same_orders_are_the_same_version(loading: Loading) -> None:
    orders = [an_order(n, agreements=(an_agreement(n, a_sale(n, line=n * 10)),)) for n in (1, 2, 3)]
    loading("orders", ("bulk", as_bulk(*orders)))

    again = loading("orders", ("page", [page("orders", *orders)]))

    assert again.new_versions == 0
    assert loading.rows("select sale_id, agreement_id, order_id from shopify.order_sales order by 1") == [
        (1, 1, 1),
        (2, 2, 2),
        (3, 3, 3),
    ]


def test_an_older_version_never_overwrites_a_newer_one(loading: Loading) -> None:
    loading("orders", ("page", [page("orders", an_order(1, total="20.0", updated="12:00:05"))]))

    late = loading("orders", ("page", [page("orders", an_order(1, total="10.0", updated="12:00:04"))]))

    assert (late.superseded, late.new_versions) == (1, 0)
    assert loading.rows("select total_price_shop from shopify.orders") == [(Decimal("20"),)]


def test_a_change_without_a_newer_stamp_is_a_new_version(loading: Loading) -> None:
    loading("orders", ("page", [page("orders", an_order(1))]))

    changed = loading("orders", ("page", [page("orders", an_order(1, tags=["vip"]))]))

    assert changed.new_versions == 1
    assert loading.rows("select tag from shopify.order_tags") == [("vip",)]


def test_an_order_read_twice_in_one_load_keeps_the_newest_reading(loading: Loading) -> None:
    first = page("orders", an_order(1, total="10.0", updated="12:00:00"))
    second = page("orders", an_order(1, total="30.0", updated="12:00:09"))

    loaded = loading("orders", ("page", [first]), ("page", [second]))

    assert (loaded.received, loaded.loaded, loaded.superseded) == (2, 1, 1)
    assert loading.rows("select total_price_shop from shopify.orders") == [(Decimal("30"),)]


def test_children_are_replaced_as_a_set(loading: Loading) -> None:
    loading("orders", ("page", [page("orders", an_order(1, lines=(a_line(10), a_line(11))))]))

    loading("orders", ("page", [page("orders", an_order(1, updated="12:30:00", lines=(a_line(11), a_line(12))))]))

    assert loading.rows("select order_line_id from shopify.order_lines order by 1") == [(11,), (12,)]


MALFORMED = {
    "bad money text": ({"totalPriceSet": bag("12.x4")}, "wrong_type", "$.totalPriceSet.shopMoney.amount"),
    "money as a number": (
        {
            "totalPriceSet": {
                "shopMoney": {"amount": 12.4, "currencyCode": "USD"},
                "presentmentMoney": bag("1")["shopMoney"],
            }
        },
        "wrong_type",
        "$.totalPriceSet.shopMoney.amount",
    ),
    "missing currency": (
        {"totalPriceSet": {"shopMoney": {"amount": "1.0"}, "presentmentMoney": bag("1.0")["shopMoney"]}},
        "missing_field",
        "$.totalPriceSet.shopMoney",
    ),
    "unknown currency": ({"currencyCode": "XXL"}, "currency", "$.currencyCode"),
    "foreign currency on a line": (
        {
            "lineItems": {
                "nodes": [a_line(20, originalUnitPriceSet=bag("1.0", "EUR"))],
                "pageInfo": {"hasNextPage": False},
            }
        },
        "one_currency_per_order",
        "$",
    ),
    "a quantity of 1.7": (
        {"lineItems": {"nodes": [a_line(20) | {"quantity": 1.7}], "pageInfo": {"hasNextPage": False}}},
        "wrong_type",
        "$.quantity",
    ),
    "an id above 2^63": (
        {"lineItems": {"nodes": [a_line(2**63)], "pageInfo": {"hasNextPage": False}}},
        "id_out_of_range",
        "$.id",
    ),
    "a time without zone": ({"updatedAt": "2026-11-20T12:00:00"}, "wrong_type", "$.updatedAt"),
    "a broken money identity": (
        {"netPaymentSet": bag("11.0")},
        "net_payment_is_received_less_refunded",
        "$.netPaymentSet",
    ),
}


@pytest.mark.parametrize(("fields", "rule", "path"), MALFORMED.values(), ids=MALFORMED.keys())
def test_one_bad_value_withholds_its_whole_order_and_no_other(
    loading: Loading, fields: dict[str, object], rule: str, path: str
) -> None:
    loaded = loading("orders", ("page", [page("orders", an_order(1), an_order(2, **fields), an_order(3))]))

    assert (loaded.received, loaded.loaded, loaded.quarantined) == (3, 2, 1)
    assert loading.rows("select order_id from shopify.orders order by 1") == [(1,), (3,)]
    assert loading.rows("select order_id from shopify.order_lines order by 1") == [(1,), (3,)]
    [(stream, root, found_rule, found_path, raw)] = loading.rows(
        "select stream, root_id, rule, path, raw from ops.quarantine"
    )
    assert (stream, root, found_rule) == ("orders", "2", rule)
    assert found_path.startswith(path)
    assert b"gid://shopify/" in bytes(raw)


def test_the_last_good_version_stays_while_a_bad_one_is_withheld_and_a_good_one_releases_it(loading: Loading) -> None:
    loading("orders", ("page", [page("orders", an_order(1, total="10.0"))]))
    bad = an_order(1, updated="12:10:00", totalPriceSet=bag("12.x4"))
    loading("orders", ("page", [page("orders", bad)]))
    assert loading.rows("select total_price_shop from shopify.orders") == [(Decimal("10"),)]

    loading("orders", ("page", [page("orders", an_order(1, total="12.4", updated="12:10:00"))]))

    assert loading.rows("select total_price_shop from shopify.orders") == [(Decimal("12.4"),)]
    assert Loads(loading.conn).open_quarantine(SHOP) == []


def test_a_bulk_child_whose_parent_is_nowhere_is_shown_and_the_rest_is_loaded(loading: Loading) -> None:
    orphan = b'{"id":"gid://shopify/LineItem/99","__parentId":"gid://shopify/Order/404","title":"?"}'

    loaded = loading("orders", ("bulk", [*as_bulk(an_order(1)), orphan]))

    assert (loaded.received, loaded.loaded, loaded.quarantined) == (2, 1, 1)
    assert loading.rows("select root_type, root_id, rule, raw from ops.quarantine") == [
        ("LineItem", "99", "orphan", orphan)
    ]


def test_a_bulk_line_nobody_can_read_is_shown_and_the_rest_is_loaded(loading: Loading) -> None:
    lines = [b'{"id":17,"name":"not a gid"}', *as_bulk(an_order(1)), b"<html>"]

    loaded = loading("orders", ("bulk", lines))

    assert (loaded.received, loaded.loaded, loaded.quarantined) == (3, 1, 2)
    assert sorted(loading.rows("select rule, raw from ops.quarantine")) == [
        ("not_json", b"<html>"),
        ("not_json", b'{"id":17,"name":"not a gid"}'),
    ]


def test_a_nested_connection_left_open_stops_the_load_and_moves_nothing(loading: Loading) -> None:
    order = an_order(1)
    order["lineItems"]["pageInfo"]["hasNextPage"] = True

    with pytest.raises(IncompleteError, match="lineItems of gid://shopify/Order/1"):
        loading("orders", ("page", [page("orders", order)]))

    assert loading.rows("select * from shopify.orders") == []
    assert Loads(loading.conn).cursor(SHOP, "orders") is None


def test_details_read_of_another_version_leave_the_order_to_the_next_window(loading: Loading) -> None:
    order = an_order(1, updated="12:00:00")
    detail = b'{"data":{"nodes":[{"id":"gid://shopify/Order/1","updatedAt":"2026-11-20T12:00:01Z","refunds":[]}]}}'

    loaded = loading("orders", ("bulk", as_bulk(order)), ("detail", [detail]))

    assert (loaded.received, loaded.superseded, loaded.loaded) == (1, 1, 0)


def test_a_window_that_begins_after_the_cursor_is_refused_whole(loading: Loading) -> None:
    body = ("page", [page("orders", an_order(1))])
    loading("orders", body)
    loads = Loads(loading.conn)
    cursor = loads.cursor(SHOP, "orders")
    assert cursor is not None

    rewound = cursor.replace(year=2025)
    with pytest.raises(IncompleteError, match="abandon the load"):
        _load_with_a_rewind_in_between(loading, rewound)

    assert loads.cursor(SHOP, "orders") == rewound
    assert loading.rows("select count(*) from shopify.orders") == [(1,)]


def _load_with_a_rewind_in_between(loading: Loading, rewound: datetime) -> None:
    loads = Loads(loading.conn)
    cursor = loads.cursor(SHOP, "orders")
    assert cursor is not None
    load = loads.open(
        shop=SHOP,
        stream="orders",
        mode="window",
        window_from=cursor - timedelta(minutes=10),
        window_to=cursor + timedelta(minutes=1),
        started_at=cursor,
    )
    loads.mark_landed(load.load_id, cursor)
    loads.set_cursor(SHOP, "orders", rewound)
    landed = loads.unfinished(SHOP, "orders")
    assert landed is not None
    load_landed(
        loading.conn,
        [("page", [page("orders", an_order(2))])],
        load=landed,
        stream=STREAMS["orders"],
        clock=SystemClock(),
        progress=lambda line: None,
    )


def test_inventory_quantities_keep_an_append_only_history(loading: Loading) -> None:
    def body(available: int, second: int) -> tuple[str, list[bytes]]:
        level = a_level(7, 1, available=available, updated=f"12:00:{second:02}")
        return ("page", [page("locations", a_location(1, level))])

    loading("inventory", body(5, 0))
    loading("inventory", body(5, 1))
    loading("inventory", body(3, 2))

    assert loading.rows("select available from shopify.inventory_levels") == [(3,)]
    assert loading.rows("select available from shopify.inventory_levels_history order by _observed_at") == [(5,), (3,)]
    assert ("inventory_levels", "1?inventory_item_id=7") in loading.rows("select resource, external_id from ops.dirty")


def test_a_level_whose_states_do_not_add_up_is_withheld_and_its_location_is_not(loading: Loading) -> None:
    level = a_level(7, 1, available=5)
    level["quantities"][1]["quantity"] = 6

    loaded = loading("inventory", ("page", [page("locations", a_location(1, level, a_level(8, 1, available=2)))]))

    assert (loaded.received, loaded.loaded, loaded.quarantined) == (3, 2, 1)
    assert loading.rows("select inventory_item_id from shopify.inventory_levels") == [(8,)]


def test_text_keeps_every_character_postgresql_can_hold(loading: Loading) -> None:
    note = "naïve 🙂 'quoted', \"double\"\nnewline \u202ertl \x00nul"

    loading("orders", ("page", [page("orders", an_order(1, note=note, email=""))]))

    assert loading.rows("select note, email from shopify.orders") == [(note.replace("\x00", "\ufffd"), "")]


def test_an_order_without_lines_and_one_without_customer_are_orders(loading: Loading) -> None:
    loaded = loading("orders", ("page", [page("orders", an_order(1, lines=()), an_order(2, customer=None))]))

    assert loaded.loaded == 2
    assert loading.rows("select order_id, customer_id from shopify.orders order by 1") == [(1, 7), (2, None)]


def test_discount_codes_and_titles_may_be_absent_but_amounts_may_not(loading: Loading) -> None:
    application = {
        "__typename": "DiscountCodeApplication",
        "index": 0,
        "allocationMethod": "ACROSS",
        "targetSelection": "ALL",
        "targetType": "LINE_ITEM",
        "value": {"percentage": 10.0},
        "code": "TEN",
    }

    def discounted(number: int, amount: object) -> dict[str, Any]:
        share = {"allocatedAmountSet": amount, "discountApplication": {"index": 0}}
        line = a_line(number * 10, discountAllocations=[share])
        return an_order(number, lines=(line,), discountApplications=connection(application))

    loading("orders", ("page", [page("orders", discounted(1, bag("1.0")), discounted(2, None))]))

    assert loading.rows(
        """
        select a.order_id, a.code, a.title, d.allocated_shop
        from shopify.order_line_discounts as d
        inner join shopify.discount_applications as a using (shop, order_id, application_index)
        """
    ) == [(1, "TEN", None, Decimal("1"))]
    assert loading.rows("select root_id, path from ops.quarantine") == [
        ("2", "$.discountAllocations[0].allocatedAmountSet")
    ]
