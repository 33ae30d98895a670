"""The census: what the shop says is taken as it stands, whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from shopify_pipeline.clock import SimulatedClock
from shopify_pipeline.errors import DataError, IncompleteError, TransientError
from shopify_pipeline.shopify.access import least_privilege
from shopify_pipeline.shopify.queries import Operation
from shopify_pipeline.steps.census import Census, take_census
from shopify_pipeline.warehouse.connect import Connection, connect

SHOP = "a-shop.myshopify.com"
SHOP_NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
OUR_NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
AT = "2026-11-19T10:00:00Z"
AT_TIME = datetime(2026, 11, 19, 10, tzinfo=UTC)
ROOMS = Path(__file__).parents[2] / "shopify_pipeline"


def bag(amount: str, presented: str | None = None) -> dict[str, Any]:
    return {
        "shopMoney": {"amount": amount, "currencyCode": "USD"},
        "presentmentMoney": {"amount": presented or amount, "currencyCode": "EUR" if presented else "USD"},
    }


REFUND = {"id": "gid://shopify/Refund/5", "createdAt": None, "processedAt": AT, "totalRefundedSet": bag("9")}


def an_order(number: int) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/Order/{number}",
        "name": f"#{number}",
        "createdAt": AT,
        "processedAt": AT,
        "updatedAt": AT,
        "cancelledAt": None,
        "test": False,
        "taxesIncluded": False,
        "sourceName": "web",
        "customer": None,
        "purchasingEntity": {"company": {"id": "gid://shopify/Company/9"}} if number == 2 else None,
        "displayFinancialStatus": "PAID",
        "displayFulfillmentStatus": "UNFULFILLED",
        "currencyCode": "USD",
        "presentmentCurrencyCode": "EUR",
        "originalTotalPriceSet": bag("31.5", "28.4"),
        "totalPriceSet": bag("31.5", "28.4"),
        "currentTotalPriceSet": bag("31.5", "28.4"),
        "currentTotalTaxSet": bag("1.5", "1.3"),
        "currentShippingPriceSet": bag("30", "27.1"),
        "currentTotalDiscountsSet": bag("0.0", "0.0"),
        "totalReceivedSet": bag("31.5", "28.4"),
        "totalRefundedSet": bag("0.0", "0.0"),
        "totalOutstandingSet": bag("0.0", "0.0"),
        "refunds": [],
        "fulfillmentsCount": {"count": 0},
        "fulfillments": [],
        "transactionsCount": {"count": 1},
        "transactions": [
            {
                "id": f"gid://shopify/OrderTransaction/{number}1",
                "parentTransaction": None,
                "kind": "SALE",
                "status": "SUCCESS",
                "gateway": "paypal",
                "amountSet": bag("31.5", "28.4"),
                "amountRoundingSet": bag("0.02") if number == 2 else None,
                "processedAt": None,
                "createdAt": AT,
            }
        ],
    }


def an_agreement(number: int, order: int) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/SalesAgreement/{number}",
        "__typename": "OrderAgreement",
        "happenedAt": AT,
        "__parentId": f"gid://shopify/Order/{order}",
    }


def a_sale(number: int, agreement: int) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/Sale/{number}",
        "actionType": "ORDER",
        "lineType": "SHIPPING",
        "quantity": None,
        "totalAmount": bag("31.5", "28.4"),
        "totalTaxAmount": bag("1.5", "1.3"),
        "totalDiscountAmountBeforeTaxes": bag("0.0"),
        "totalDiscountAmountAfterTaxes": bag("0.0"),
        "taxes": [
            {"amount": bag(amount), "taxLine": {"title": "VAT", "rate": 0.05, "channelLiable": is_channel_liable}}
            for amount, is_channel_liable in (("0.4", True), ("0.5", False), ("0.61", None))
        ],
        "__parentId": f"gid://shopify/SalesAgreement/{agreement}",
    }


def a_level(item: int, location: int, on_hand: int) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/InventoryLevel/5?inventory_item_id={item}",
        "updatedAt": AT,
        "item": {"id": f"gid://shopify/InventoryItem/{item}"},
        "location": {"id": f"gid://shopify/Location/{location}"},
        "quantities": [
            {"name": "on_hand", "quantity": on_hand},
            {"name": "available", "quantity": on_hand - 1},
            {"name": "committed", "quantity": 1},
            *({"name": name, "quantity": 0} for name in ("reserved", "damaged", "quality_control", "safety_stock")),
        ],
        "__parentId": f"gid://shopify/Location/{location}",
    }


def a_refund(number: int, order: int, *lines: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/Refund/{number}",
        "createdAt": None,
        "processedAt": AT,
        "order": {"id": f"gid://shopify/Order/{order}"},
        "return": None,
        "refundLineItems": list(lines),
    }


def a_refund_line(line: int, units: int, restock: str = "RETURN", location: int = 71) -> dict[str, Any]:
    return {
        "lineItem": {"id": f"gid://shopify/LineItem/{line}"},
        "quantity": units,
        "restockType": restock,
        "location": {"id": f"gid://shopify/Location/{location}"},
    }


@dataclass
class Said:
    """An answer."""

    data: dict[str, Any]


@dataclass
class AnsweringShop:
    """A shop that knows the time, answers each bulk operation with the lines it was given and has no Shopify Payments.

    Attributes:
        nodes: What it knows by id, the one connection of each as a plain list; it gives two items a page.
    """

    files: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    now: datetime = SHOP_NOW
    scopes: Collection[str] = field(default_factory=least_privilege)
    nodes: dict[str, dict[str, Any]] = field(default_factory=dict)

    def execute(self, document: Operation, variables: Mapping[str, object]) -> Said:
        if "ids" not in variables:
            return Said({"shopifyPaymentsAccount": None})
        after = int(str(variables["after"] or 0))
        return Said({"nodes": [self._page(gid, after) for gid in cast("list[str]", variables["ids"])]})

    def _page(self, gid: str, after: int) -> dict[str, Any] | None:
        node = self.nodes.get(gid)
        return node and {
            name: value
            if not isinstance(value, list)
            else {
                "nodes": value[after : after + 2],
                "pageInfo": {"hasNextPage": after + 2 < len(value), "endCursor": str(after + 2)},
            }
            for name, value in node.items()
        }

    def check_shop(self) -> AnsweringShop:
        return self

    def lines(self, name: str, *, since: datetime) -> Iterator[bytes]:
        assert since == self.now
        for node in self.files.get(name, []):
            yield json.dumps(node).encode()


@pytest.fixture
def conn(warehouse_dsn: str) -> Iterator[Connection]:
    with connect(warehouse_dsn) as opened:
        yield opened


def count(conn: Connection, nodes: list[dict[str, Any]] | None = None, **files: list[dict[str, Any]]) -> Census:
    shop = AnsweringShop(files, nodes={node["id"]: node for node in nodes or ()})
    return take_census(conn, shop, shop, shop=SHOP, clock=SimulatedClock(OUR_NOW), progress=lambda line: None)


def rows(conn: Connection, query: str) -> list[tuple[Any, ...]]:
    with conn.transaction():
        return conn.execute(query).fetchall()  # type: ignore[arg-type]


def test_an_order_is_counted_with_its_ledger_wherever_its_parts_stand_in_the_file(conn: Connection) -> None:
    nodes = [a_sale(21, 11), an_order(1), an_agreement(12, 2), a_sale(22, 12), an_agreement(11, 1), an_order(2)]
    taken = count(conn, CensusOrders=nodes)
    assert taken.counts == {"roots": 2, "orders": 2, "transactions": 2, "agreements": 2, "sales": 2, "sale_taxes": 6}
    assert rows(conn, "select order_id, agreement_id, sale_id, quantity, total from recon.census_sales order by 1") == [
        (1, 11, 21, None, Decimal("31.5")),
        (2, 12, 22, None, Decimal("31.5")),
    ]
    transactions = "select transaction_id, amount, rounding, processed_at from recon.census_transactions order by 1"
    assert rows(conn, transactions) == [
        (11, Decimal("31.5"), Decimal(0), AT_TIME),
        (21, Decimal("31.5"), Decimal("0.02"), AT_TIME),
    ]


def test_a_sales_tax_is_the_sum_of_its_taxes_and_what_the_channel_remits_is_kept_apart(conn: Connection) -> None:
    count(conn, CensusOrders=[an_order(1), an_agreement(11, 1), a_sale(21, 11)])

    assert rows(conn, "select tax, channel_tax from recon.census_sales") == [(Decimal("1.51"), Decimal("0.4"))]


def test_what_the_customer_saw_is_counted_beside_what_the_shop_has_of_it(conn: Connection) -> None:
    count(conn, CensusOrders=[an_order(1), an_agreement(11, 1), a_sale(21, 11)])

    orders = "select presentment_currency, presentment_current_total, presentment_current_tax from recon.census_orders"
    assert rows(conn, orders) == [("EUR", Decimal("28.4"), Decimal("1.3"))]
    sales = "select presentment_total, presentment_tax from recon.census_sales"
    assert rows(conn, sales) == [(Decimal("28.4"), Decimal("1.3"))]
    assert rows(conn, "select presentment_amount from recon.census_transactions") == [(Decimal("28.4"),)]


def test_it_is_dated_by_the_shops_clock_and_not_by_ours(conn: Connection) -> None:
    assert count(conn).as_of == SHOP_NOW
    assert rows(conn, "select as_of, taken_at from recon.censuses") == [(SHOP_NOW, OUR_NOW)]


def test_a_new_census_replaces_the_last_one_as_a_whole(conn: Connection) -> None:
    count(conn, CensusOrders=[an_order(1)], CensusCustomers=[{"id": "gid://shopify/Customer/7", "updatedAt": AT}])
    count(conn, CensusOrders=[an_order(2)])
    assert rows(conn, "select stream, root_id from recon.census_roots") == [("orders", "2")]
    assert rows(conn, "select order_id from recon.census_orders") == [(2,)]


def test_a_sale_without_its_order_makes_the_census_worthless_and_the_last_one_stands(conn: Connection) -> None:
    count(conn, CensusOrders=[an_order(1)])
    with pytest.raises(IncompleteError, match="1 sales without what they belong to"):
        count(conn, CensusOrders=[an_order(2), an_agreement(12, 3), a_sale(22, 12)])
    assert rows(conn, "select order_id from recon.census_orders") == [(1,)]


def test_a_level_is_known_by_item_and_location(conn: Connection) -> None:
    location = {"id": "gid://shopify/Location/71", "name": "Brooklyn", "isActive": True}
    count(conn, CensusInventory=[location, a_level(81, 71, 5), a_level(82, 71, 0)])
    assert rows(conn, "select stream, root_id from recon.census_roots order by 1, 2") == [
        ("inventory_levels", "81/71"),
        ("inventory_levels", "82/71"),
        ("locations", "71"),
    ]
    assert rows(conn, "select inventory_item_id, on_hand, available from recon.census_levels order by 1") == [
        (81, 5, 4),
        (82, 0, -1),
    ]


def test_something_it_did_not_ask_for_is_refused(conn: Connection) -> None:
    with pytest.raises(IncompleteError, match="the census holds a Product, which it did not ask for"):
        count(conn, CensusCustomers=[{"id": "gid://shopify/Product/7", "updatedAt": AT}])


def test_a_refund_of_more_lines_than_a_page_holds_is_read_to_its_end(conn: Connection) -> None:
    refunded = an_order(1) | {
        "refunds": [
            {"id": "gid://shopify/Refund/5", "createdAt": None, "processedAt": AT, "totalRefundedSet": bag("9")}
        ]
    }
    lines = [a_refund_line(31, 1), a_refund_line(32, 4, "CANCEL"), a_refund_line(31, 2), a_refund_line(33, 3)]

    count(conn, [a_refund(5, 1, *lines)], CensusOrders=[refunded])

    restocks = "select source, source_id, order_line_id, location_id, quantity from recon.census_restocks order by 3"
    assert rows(conn, restocks) == [("refund", 5, 31, 71, 3), ("refund", 5, 33, 71, 3)]


def test_a_refund_that_is_gone_when_its_lines_are_asked_for_ends_the_census_and_the_last_one_stands(
    conn: Connection,
) -> None:
    count(conn, CensusOrders=[an_order(1)])
    refunded = an_order(2) | {
        "refunds": [
            {"id": "gid://shopify/Refund/5", "createdAt": None, "processedAt": AT, "totalRefundedSet": bag("9")}
        ]
    }
    with pytest.raises(TransientError, match="CensusRefunds: 1 are gone since they were counted"):
        count(conn, CensusOrders=[refunded])
    assert rows(conn, "select order_id from recon.census_orders") == [(1,)]


def test_a_list_that_is_shorter_than_the_shop_counts_it_is_refused(conn: Connection) -> None:
    with pytest.raises(IncompleteError, match="1 of 3 transactions came with the census"):
        count(conn, CensusOrders=[an_order(1) | {"transactionsCount": {"count": 3}}])


def test_a_refund_that_only_its_agreement_knows_of_is_missed(conn: Connection) -> None:
    agreement = an_agreement(11, 1) | {"refund": {"id": "gid://shopify/Refund/5"}}
    with pytest.raises(IncompleteError, match="1 refunds without what they belong to"):
        count(conn, CensusOrders=[an_order(1), agreement])


def test_a_root_that_comes_twice_is_refused(conn: Connection) -> None:
    with pytest.raises(IncompleteError, match="a row of census_roots came twice"):
        count(conn, CensusCustomers=[{"id": "gid://shopify/Customer/7", "updatedAt": AT}] * 2)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"currentTotalPriceSet": bag("31.505", "28.4")}, "rows against amounts have the digits of their currency"),
        ({"currencyCode": "DOLLARS"}, "currency against isin"),
        ({"name": None}, "name against not nullable"),
        ({"customer": {"id": "gid://shopify/Customer/0"}}, "customer_id against greater than"),
        ({"processedAt": "2026-11-19T10:00:00"}, "processed_at with a value that is no timestamp"),
    ],
)
def test_a_row_that_is_not_as_its_table_declares_is_refused_and_the_last_census_stands(
    conn: Connection, wrong: dict[str, Any], says: str
) -> None:
    count(conn, CensusOrders=[an_order(1)])
    with pytest.raises(DataError, match=f"a reading of orders holds {says}.*\\(2/"):
        count(conn, CensusOrders=[an_order(2) | wrong])
    assert rows(conn, "select order_id from recon.census_orders") == [(1,)]


def test_its_parser_shares_nothing_with_the_field_map() -> None:
    parts = [path for name in ("census*.py", "frame*.py") for path in (ROOMS / "reconcile").glob(name)]
    assert len(parts) > 6
    for path in (ROOMS / "steps" / "census.py", *parts):
        imported = [line for line in path.read_text().splitlines() if line.startswith(("from", "import"))]
        assert not [line for line in imported if "schemas" in line], path.name
