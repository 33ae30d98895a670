"""The sales ledger: what agreements and sales say, and how an order's money follows from them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest

from shopify_pipeline_tests.conformance.asked import AskedStore, every, needed
from shopify_pipeline_tests.conformance.cases import assumed, case, observed

Order = dict[str, Any]
AMOUNT = "{ presentmentMoney { amount } }"
SUMS = (
    *("totalPriceSet", "currentTotalPriceSet", "currentTotalTaxSet", "originalTotalPriceSet", "totalOutstandingSet"),
    *("totalReceivedSet", "totalRefundedSet", "netPaymentSet", "totalCapturableSet"),
)
ORDERS = f"""query($after: String) {{ orders(first: 40, after: $after, sortKey: ID) {{
  pageInfo {{ hasNextPage endCursor }}
  nodes {{ name createdAt processedAt cancelledAt closedAt {" ".join(f"{name} {AMOUNT}" for name in SUMS)}
    transactions(first: 50) {{ kind status amountSet {AMOUNT} }}
    refunds {{ id createdAt totalRefundedSet {AMOUNT} return {{ id }} transactions(first: 5) {{ nodes {{ status }} }}
      orderAdjustments(first: 5) {{ nodes {{ id }} }} }}
    agreements(first: 20) {{ pageInfo {{ hasNextPage }} nodes {{
      id __typename reason happenedAt
      ... on RefundAgreement {{ refund {{ id }} }}
      sales(first: 30) {{ pageInfo {{ hasNextPage }} nodes {{
        id actionType lineType quantity totalAmount {AMOUNT} totalTaxAmount {AMOUNT} }} }} }} }} }} }} }}"""
LEDGERS = (
    "recorded orders with their agreements and sales: github.com/airbytehq/airbyte source-shopify expected records, "
    "github.com/estuary/connectors source-shopify-native snapshots"
)
PROXY = "github.com/airhorns/shopify-draft-proxy"


def money(bag: dict[str, Any]) -> Decimal:
    return Decimal(bag["presentmentMoney"]["amount"])


def fits(order: Order) -> bool:
    """Whether the whole ledger of an order is in the answer."""
    agreements = order["agreements"]
    return not any(
        each["pageInfo"]["hasNextPage"] for each in (agreements, *(one["sales"] for one in agreements["nodes"]))
    )


@pytest.fixture(scope="module")
def read() -> dict[str, list[Order]]:
    """The orders of the stores that were read, by their address."""
    return {}


@pytest.fixture
def orders(full_store: AskedStore, read: dict[str, list[Order]]) -> list[Order]:
    """Orders with all of their ledger, read once for all cases."""
    if full_store.base_url not in read:
        read[full_store.base_url] = [order for order in every(full_store, ORDERS, "orders") if fits(order)]
    return read[full_store.base_url]


def sales(order: Order, *agreements: str) -> list[dict[str, Any]]:
    """All sales of an order, or those of agreements of some types."""
    return [
        sale
        for agreement in order["agreements"]["nodes"]
        if not agreements or agreement["__typename"] in agreements
        for sale in agreement["sales"]["nodes"]
    ]


def total(found: Iterable[dict[str, Any]]) -> Decimal:
    return sum((money(sale["totalAmount"]) for sale in found), Decimal())


def moved(order: Order, *kinds: str) -> Decimal:
    """What transactions of some kinds that succeeded moved."""
    found = [one for one in order["transactions"] if one["kind"] in kinds and one["status"] == "SUCCESS"]
    return sum((money(one["amountSet"]) for one in found), Decimal())


def adjusted(order: Order) -> bool:
    return any(sale["lineType"] == "ADJUSTMENT" for sale in sales(order))


@case("ledger", observed(f'"totalPrice": "226.0" after an edit from 2 units to 1, "currentTotal": "113.0"; {PROXY}'))
def test_total_price_counts_what_was_ever_ordered(orders: list[Order]) -> None:
    """totalPriceSet is the sum of the sales of action ORDER or UPDATE; it does not fall when units are taken back."""
    for order in needed(orders, "order"):
        kept = [sale for sale in sales(order) if sale["actionType"] in ("ORDER", "UPDATE")]
        assert money(order["totalPriceSet"]) == total(kept), order["name"]


@case("ledger", observed(f"4 of 4 orders: {LEDGERS}; none of them has an adjustment"))
def test_current_total_is_the_sum_of_all_sales(orders: list[Order]) -> None:
    """Of an order without adjustments currentTotalPriceSet is the sum of all its sales, and so is the tax."""
    for order in needed((one for one in orders if not adjusted(one)), "order without adjustments"):
        assert money(order["currentTotalPriceSet"]) == total(sales(order)), order["name"]
        tax = sum((money(sale["totalTaxAmount"]) for sale in sales(order)), Decimal())
        assert money(order["currentTotalTaxSet"]) == tax, order["name"]


@case("ledger", assumed("no recorded order has an adjustment in its ledger"))
def test_current_total_leaves_adjustments_out(orders: list[Order]) -> None:
    """Of an order with adjustments currentTotalPriceSet is the sum of all sales but those."""
    for order in needed(filter(adjusted, orders), "order with an adjustment"):
        kept = [sale for sale in sales(order) if sale["lineType"] != "ADJUSTMENT"]
        assert money(order["currentTotalPriceSet"]) == total(kept), order["name"]


@case("ledger", assumed("one connector refuses an order otherwise; no recorded order shows the field"))
def test_original_total_is_the_first_agreement(orders: list[Order]) -> None:
    """originalTotalPriceSet is the sum of the sales of the OrderAgreement."""
    for order in needed(orders, "order"):
        assert money(order["originalTotalPriceSet"]) == total(sales(order, "OrderAgreement")), order["name"]


@case("ledger", observed(f"21 of 21 orders: received, refunded and net payment beside their transactions; {PROXY}"))
def test_payment_totals_are_sums_of_transactions_that_succeeded(orders: list[Order]) -> None:
    """Net payment is what was received less what was refunded, both sums of successful transactions."""
    plain = [one for one in orders if all(each["kind"] != "CHANGE" for each in one["transactions"])]
    for order in needed(plain, "order paid without change"):
        assert money(order["totalReceivedSet"]) == moved(order, "SALE", "CAPTURE"), order["name"]
        assert money(order["totalRefundedSet"]) == moved(order, "REFUND"), order["name"]
        net = money(order["totalReceivedSet"]) - money(order["totalRefundedSet"])
        assert money(order["netPaymentSet"]) == net, order["name"]


@case("ledger", observed(f'24 of 24 orders; authorised: "totalCapturable": "25.0", "totalOutstanding": "0.0"; {PROXY}'))
def test_what_is_outstanding_leaves_out_what_can_be_captured(orders: list[Order]) -> None:
    """totalOutstandingSet is the sum of all sales less net payment and what is still to be captured."""
    for order in needed(orders, "order"):
        owed = total(sales(order)) - money(order["netPaymentSet"]) - money(order["totalCapturableSet"])
        assert money(order["totalOutstandingSet"]) == owed, order["name"]


@case("ledger", observed(f'cancelled: "currentTotalPrice": "0.0", "totalOutstanding": "0.0", total "12.5"; {PROXY}'))
def test_cancelled_order_is_worth_nothing_and_keeps_its_total(orders: list[Order]) -> None:
    """A cancelled order has a current and outstanding total of 0 and is closed; its total stays."""
    for order in needed((one for one in orders if one["cancelledAt"]), "cancelled order"):
        assert money(order["currentTotalPriceSet"]) == money(order["totalOutstandingSet"]) == 0, order["name"]
        assert order["closedAt"]
    assert any(one["cancelledAt"] and money(one["totalPriceSet"]) for one in orders)


@case("ledger", observed(f'"quantity": -1, "totalAmount": "-57.23" beside "57.23" of the sale; {LEDGERS}'))
def test_what_is_taken_back_is_negative(orders: list[Order]) -> None:
    """Sales of action RETURN on lines are negative in quantity and amount, those of action ORDER are positive."""
    for order in needed(orders, "order"):
        for sale in sales(order):
            if sale["lineType"] == "PRODUCT" and sale["actionType"] != "UPDATE":
                sign = -1 if sale["actionType"] == "RETURN" else 1
                assert sign * sale["quantity"] > 0, sale
                assert sign * money(sale["totalAmount"]) >= 0, sale


@case("ledger", observed(f'OrderAgreement "happenedAt": "2025-04-10T17:42:57Z", createdAt a second later; {LEDGERS}'))
def test_first_agreement_is_dated_by_processed_at(orders: list[Order]) -> None:
    """Each order has one OrderAgreement, of reason ORDER, dated processedAt and not createdAt."""
    for order in needed(orders, "order"):
        (first,) = (one for one in order["agreements"]["nodes"] if one["__typename"] == "OrderAgreement")
        assert (first["reason"], first["happenedAt"]) == ("ORDER", order["processedAt"])


@case("ledger", observed(f"5 of 5 refunds: happenedAt = Refund.createdAt; {LEDGERS}"))
def test_agreement_of_a_refund_is_dated_by_it(orders: list[Order]) -> None:
    """A RefundAgreement names its refund and happened when that was created."""
    dated = [
        (agreement["happenedAt"], refund["createdAt"])
        for order in orders
        for agreement in order["agreements"]["nodes"]
        for refund in order["refunds"]
        if agreement["__typename"] == "RefundAgreement" and agreement["refund"]["id"] == refund["id"]
    ]
    assert all(happened == created for happened, created in needed(dated, "refund"))


@case("ledger", observed(f'GIFT_CARD sales "25.0" and "50.0", "totalPriceSet": "75.0"; {LEDGERS}'))
def test_sold_gift_card_is_a_sale_without_tax(orders: list[Order]) -> None:
    """A sold gift card is a sale of line type GIFT_CARD, inside the total and without tax."""
    sold = [sale for order in orders for sale in sales(order) if sale["lineType"] == "GIFT_CARD"]
    assert all(money(sale["totalTaxAmount"]) == 0 for sale in needed(sold, "sold gift card"))


@case("ledger", observed(f'"transactions": [], "orderAdjustments": [], one line back, sale "-27.0"; {LEDGERS}'))
def test_refund_without_money_on_an_unpaid_order_takes_the_line_back_all_the_same(orders: list[Order]) -> None:
    """On an order nobody paid a refund of a line without a transaction writes the RETURN sale and no adjustment."""
    unpaid = [
        (order, refund)
        for order in orders
        for refund in order["refunds"]
        if not (moved(order, "SALE", "CAPTURE") or refund["transactions"]["nodes"] or order["cancelledAt"])
    ]
    for order, refund in needed(unpaid, "refund on an unpaid order"):
        assert refund["orderAdjustments"]["nodes"] == []
        back = [
            sale
            for agreement in order["agreements"]["nodes"]
            if agreement["__typename"] == "RefundAgreement" and agreement["refund"]["id"] == refund["id"]
            for sale in agreement["sales"]["nodes"]
        ]
        assert {sale["actionType"] for sale in back} == {"RETURN"}


@case(
    "ledger",
    observed(f"gid://shopify/SalesAgreement/18948418371629, gid://shopify/Sale/68934622412845; {LEDGERS}"),
)
def test_ids_of_agreements_and_sales_do_not_tell_their_types(orders: list[Order]) -> None:
    """Agreements of every type share the id space SalesAgreement, sales of every type the id space Sale."""
    found = needed(orders, "order")
    assert {one["id"].split("/")[3] for order in found for one in order["agreements"]["nodes"]} == {"SalesAgreement"}
    assert {sale["id"].split("/")[3] for order in found for sale in sales(order)} == {"Sale"}
