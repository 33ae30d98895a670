"""What the API says of returns, exchanges and the parcels that come back, asked as a client asks."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from shopify_pipeline_tests.sandbox.serving import NOW, SHOP, Shop, served
from shopify_pipeline_tests.sandbox.test_sandbox_bulk import exported
from shopify_sandbox.oauth import LEAST_PRIVILEGE
from shopify_sandbox.store import Store
from shopify_sandbox.world.arguments import Arguments

HAPPENINGS = (
    "return",
    "return_with_fee",
    "return_not_restocked",
    "return_without_refund",
    "exchange_even",
    "exchange_up",
    "exchange_down",
    "request_return",
    "decline_return",
    "request_return",
    "approve_return",
    "inspect_return",
)
BAG = "{ presentmentMoney { amount currencyCode } shopMoney { amount } }"
RETURN = f"""id name status createdAt closedAt requestApprovedAt totalQuantity order {{ id }}
  decline {{ reason note }}
  returnShippingFees {{ id amountSet {BAG} }}
  refunds(first: 3) {{ nodes {{ id return {{ id }} }} }}
  transactions(first: 3) {{ nodes {{ id kind }} }}
  returnLineItems(first: 4) {{ nodes {{ __typename id ... on ReturnLineItem {{
    quantity processedQuantity unprocessedQuantity processableQuantity refundableQuantity refundedQuantity
    returnReasonNote customerNote returnReasonDefinition {{ id handle name }} totalWeight {{ unit value }}
    restockingFee {{ id percentage amountSet {BAG} }} withCodeDiscountedTotalPriceSet {BAG}
    fulfillmentLineItem {{ id lineItem {{ id }} }} }} }} }}
  exchangeLineItems(first: 3) {{ nodes {{ id quantity processedQuantity variantSku lineItems {{ id sku }} }} }}
  reverseFulfillmentOrders(first: 3) {{ nodes {{ id status order {{ id }} lineItems(first: 4) {{ nodes {{
    id totalQuantity dispositions {{ id type quantity createdAt location {{ id }} }} }} }} }} }}"""
ORDERS = """{ orders(first: 250, sortKey: ID) { pageInfo { hasNextPage } nodes {
  id name returnStatus returns(first: 10) { nodes { id status } } } } }"""
BELOW_ORDER = f"query($id: ID!) {{ order(id: $id) {{ returns(first: 3) {{ nodes {{ {RETURN} }} }} }} }}"
BY_ID = f"query($id: ID!) {{ return(id: $id) {{ {RETURN} }} }}"
AGREEMENTS = f"""query($id: ID!) {{ order(id: $id) {{ agreements(first: 20) {{ nodes {{
  __typename ... on ReturnAgreement {{ return {{ id }} }}
  sales(first: 30) {{ nodes {{ __typename actionType lineType quantity totalAmount {BAG}
    ... on FeeSale {{ fee {{ __typename id ... on RestockingFee {{ percentage }} }} }} }} }} }} }} }} }}"""
BULK = """{ orders { edges { node { id returns { edges { node { id name
  returnLineItems { edges { node { id quantity } } } exchangeLineItems { edges { node { id } } } } } } } } } }"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A full shop of 120 orders in which each kind of return has just happened again."""
    state = tmp_path_factory.mktemp("returns")
    store = Store.create(state, Arguments(seed=8, orders=120, days=45, now=NOW, shop=SHOP, mix="full"))
    for name in HAPPENINGS:
        store.advance(happen={name: 2})
    with served(state) as running:
        running.sandbox.tokens.set_scopes([*LEAST_PRIVILEGE, "read_returns"])
        running.log_in()
        yield running


@pytest.fixture(scope="module")
def orders(shop: Shop) -> list[dict[str, Any]]:
    page = shop.data(ORDERS)["orders"]
    assert not page["pageInfo"]["hasNextPage"]
    nodes: list[dict[str, Any]] = page["nodes"]
    return nodes


@pytest.fixture(scope="module")
def returns(shop: Shop, orders: list[dict[str, Any]]) -> list[dict[str, Any]]:
    ids = [returned["id"] for order in orders for returned in order["returns"]["nodes"]]
    return [shop.data(BY_ID, id=one)["return"] for one in ids]


def test_a_return_is_told_the_same_below_its_order_and_by_its_id(shop: Shop, returns: list[dict[str, Any]]):
    for order in dict.fromkeys(one["order"]["id"] for one in returns[-4:]):
        below = shop.data(BELOW_ORDER, id=order)["order"]["returns"]["nodes"]
        assert below == [one for one in returns if one["order"]["id"] == order][:3]


def test_status_of_an_order_follows_from_its_returns(orders: list[dict[str, Any]]):
    open_ones = {"IN_PROGRESS", "INSPECTION_COMPLETE"}
    for order in orders:
        statuses = {returned["status"] for returned in order["returns"]["nodes"]}
        assert (order["returnStatus"] == "NO_RETURN") == (statuses <= {"DECLINED"})
        assert (order["returnStatus"] in open_ones) == ("OPEN" in statuses)
    assert {"RETURNED", "RETURN_REQUESTED", "IN_PROGRESS"} <= {order["returnStatus"] for order in orders}


def test_quantities_of_a_returns_lines_add_up(returns: list[dict[str, Any]]):
    for returned in returns:
        lines = returned["returnLineItems"]["nodes"]
        assert returned["totalQuantity"] == sum(line["quantity"] for line in lines)
        for line in lines:
            assert line["processedQuantity"] + line["unprocessedQuantity"] == line["quantity"]
            if returned["status"] in ("REQUESTED", "DECLINED", "CANCELED"):
                assert (line["processableQuantity"], line["refundableQuantity"]) == (0, 0)
            else:
                assert line["refundableQuantity"] + line["refundedQuantity"] == line["quantity"]


def test_refund_of_a_return_names_it(returns: list[dict[str, Any]]):
    named = [(refund["return"]["id"], one["id"]) for one in returns for refund in one["refunds"]["nodes"]]
    assert named
    assert all(told == own for told, own in named)


def test_reason_for_a_refusal_is_there_only_where_one_was_refused(returns: list[dict[str, Any]]):
    assert {one["status"] for one in returns if one["decline"]} == {"DECLINED"}


def test_fees_of_a_return_are_charges_of_its_agreement(shop: Shop, returns: list[dict[str, Any]]):
    charged = [(one, _fees(one)) for one in returns if one["status"] == "CLOSED" and _fees(one)]
    assert charged
    for returned, fees in charged[-3:]:
        agreements = shop.data(AGREEMENTS, id=returned["order"]["id"])["order"]["agreements"]["nodes"]
        sales = [
            sale
            for one in agreements
            if one["__typename"] == "ReturnAgreement" and one["return"]["id"] == returned["id"]
            for sale in one["sales"]["nodes"]
            if sale["lineType"] == "FEE"
        ]
        assert {sale["fee"]["id"]: sale["totalAmount"] for sale in sales} == fees
        assert {(sale["actionType"], sale["quantity"]) for sale in sales} == {("ORDER", 1)}


def _fees(returned: dict[str, Any]) -> dict[str, Any]:
    restocking = [line["restockingFee"] for line in returned["returnLineItems"]["nodes"] if line["restockingFee"]]
    return {fee["id"]: fee["amountSet"] for fee in [*returned["returnShippingFees"], *restocking]}


def test_what_goes_out_instead_is_a_line_of_the_order(returns: list[dict[str, Any]]):
    exchanges = [line for one in returns for line in one["exchangeLineItems"]["nodes"]]
    assert len(exchanges) >= 6
    for line in exchanges:
        assert [sold["sku"] for sold in line["lineItems"]] == [line["variantSku"]]


def test_a_parcel_is_closed_when_all_that_came_back_was_looked_at(returns: list[dict[str, Any]]):
    parcels = [(one["status"], parcel) for one in returns for parcel in one["reverseFulfillmentOrders"]["nodes"]]
    for status, parcel in parcels:
        left = sum(
            line["totalQuantity"] - sum(one["quantity"] for one in line["dispositions"])
            for line in parcel["lineItems"]["nodes"]
        )
        assert parcel["status"] == ("CANCELED" if status == "CANCELED" else "OPEN" if left else "CLOSED")
    assert {"CLOSED", "OPEN"} <= {parcel["status"] for _, parcel in parcels}


def test_returned_units_are_worth_their_part_of_the_discounted_line(returns: list[dict[str, Any]]):
    lines = [line for one in returns for line in one["returnLineItems"]["nodes"]]
    assert all(Decimal(line["withCodeDiscountedTotalPriceSet"]["presentmentMoney"]["amount"]) >= 0 for line in lines)
    assert any(line["totalWeight"] for line in lines)


def test_bulk_gives_the_same_returns_as_pages(shop: Shop, returns: list[dict[str, Any]]):
    _, rows = exported(shop, BULK)

    told = {row["id"]: row["__parentId"] for row in rows if row["id"].startswith("gid://shopify/Return/")}

    assert told == {one["id"]: one["order"]["id"] for one in returns}
    lines = {row["id"] for row in rows if row["id"].startswith("gid://shopify/ReturnLineItem/")}
    assert lines == {line["id"] for one in returns for line in one["returnLineItems"]["nodes"]}
