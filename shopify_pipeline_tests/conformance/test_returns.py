"""Returns and exchanges: when they write to the ledger, and what."""

from __future__ import annotations

from typing import Any

import pytest

from shopify_pipeline_tests.conformance.asked import AskedStore, every, needed
from shopify_pipeline_tests.conformance.cases import assumed, case, documented, observed
from shopify_pipeline_tests.conformance.test_agreements import AMOUNT, LEDGERS, money, total

WithOrder = tuple[dict[str, Any], dict[str, Any]]
ORDERS = f"""query($after: String) {{ orders(first: 20, after: $after, sortKey: ID) {{
  pageInfo {{ hasNextPage endCursor }}
  nodes {{ name returnStatus
    returns(first: 5) {{ nodes {{ id status createdAt
      returnLineItems(first: 5) {{ nodes {{ quantity ... on ReturnLineItem {{ processedQuantity }} }} }}
      exchangeLineItems(first: 5) {{ nodes {{ id processedQuantity lineItems {{ id }} }} }}
      refunds(first: 5) {{ nodes {{ id createdAt totalRefundedSet {AMOUNT}
        transactions(first: 5) {{ nodes {{ kind status }} }} }} }} }} }}
    agreements(first: 15) {{ nodes {{ id __typename reason happenedAt
      ... on ReturnAgreement {{ return {{ id }} }}
      ... on RefundAgreement {{ refund {{ id }} }}
      sales(first: 15) {{ nodes {{ id actionType lineType totalAmount {AMOUNT}
        ... on ProductSale {{ lineItem {{ id }} }} }} }} }} }} }} }} }}"""
EXCHANGE = (
    "one ReturnAgreement of -33,518.25 and +885.95, a refund of 32,632.30; github.com/estuary/connectors "
    "source-shopify-native snapshot"
)


@pytest.fixture(scope="module")
def read() -> dict[str, list[WithOrder]]:
    """The returns of the stores that were read, by their address."""
    return {}


@pytest.fixture
def returns(full_store: AskedStore, read: dict[str, list[WithOrder]]) -> list[WithOrder]:
    """Every return with its order, read once for all cases."""
    if full_store.base_url not in read:
        orders = every(full_store, ORDERS, "orders")
        read[full_store.base_url] = [(one, order) for order in orders for one in order["returns"]["nodes"]]
    return read[full_store.base_url]


def written(one: dict[str, Any], order: dict[str, Any]) -> list[dict[str, Any]]:
    """The agreements a return wrote."""
    agreements = order["agreements"]["nodes"]
    return [each for each in agreements if each.get("return") == {"id": one["id"]}]


def processed(one: dict[str, Any]) -> int:
    return sum(line["processedQuantity"] for line in one["returnLineItems"]["nodes"])


@case("returns", observed(f"a return opened at 13:20:39, its agreement at 13:21:43, when it was processed; {LEDGERS}"))
def test_return_writes_nothing_before_it_is_processed(returns: list[WithOrder]) -> None:
    """A return that is asked for, approved or opened has no agreement until units of it are processed."""
    waiting = [(one, order) for one, order in returns if processed(one) == 0]
    for one, order in needed(waiting, "return that is not processed"):
        assert written(one, order) == []


@case("returns", observed(f"ReturnAgreement happenedAt = createdAt of the refund of its return; {LEDGERS}"))
def test_processed_return_writes_an_agreement_of_its_own(returns: list[WithOrder]) -> None:
    """A processed return writes a ReturnAgreement of reason RETURN that takes units back."""
    done = [(one, order) for one, order in returns if processed(one)]
    for one, order in needed(done, "processed return"):
        agreements = written(one, order)
        assert {each["reason"] for each in agreements} == {"RETURN"}
        assert "RETURN" in {sale["actionType"] for each in agreements for sale in each["sales"]["nodes"]}


@case("returns", observed(f"the refund of a return is linked by Return.refunds and has no RefundAgreement; {LEDGERS}"))
def test_refund_given_with_a_return_has_no_agreement_beside_the_returns(returns: list[WithOrder]) -> None:
    """A refund made with the processing of a return is dated as the ReturnAgreement and writes none of its own."""
    paid = [
        (refund, order)
        for one, order in returns
        for refund in one["refunds"]["nodes"]
        if any(each["happenedAt"] == refund["createdAt"] for each in written(one, order))
    ]
    for refund, order in needed(paid, "return that was paid back"):
        agreements = order["agreements"]["nodes"]
        assert [each for each in agreements if each.get("refund") == {"id": refund["id"]}] == []


@case("returns", observed(EXCHANGE))
def test_exchange_is_one_agreement_of_both_directions(returns: list[WithOrder]) -> None:
    """What comes back and what goes out instead are RETURN and ORDER sales of one ReturnAgreement."""
    swapped = [
        (one, order)
        for one, order in returns
        if any(line["processedQuantity"] for line in one["exchangeLineItems"]["nodes"])
    ]
    for one, order in needed(swapped, "exchange"):
        assert "OrderEditAgreement" not in {
            each["__typename"]
            for each in order["agreements"]["nodes"]
            if each["happenedAt"] in {own["happenedAt"] for own in written(one, order)}
        }
        sold = {line["id"] for each in one["exchangeLineItems"]["nodes"] for line in each["lineItems"]}
        both = [
            {sale["actionType"] for sale in each["sales"]["nodes"] if sale["lineType"] == "PRODUCT"}
            for each in written(one, order)
            if sold & {sale["lineItem"]["id"] for sale in each["sales"]["nodes"] if "lineItem" in sale}
        ]
        assert both == [{"RETURN", "ORDER"}]


@case("returns", observed(EXCHANGE))
def test_agreement_of_an_exchange_is_worth_what_was_paid_back(returns: list[WithOrder]) -> None:
    """The sales of a ReturnAgreement paid back at once sum to the opposite of its refund, exchange items included."""
    settled = [
        (each, refund)
        for one, order in returns
        if any(line["processedQuantity"] for line in one["exchangeLineItems"]["nodes"])
        for each in written(one, order)
        for refund in one["refunds"]["nodes"]
        if refund["createdAt"] == each["happenedAt"] and money(refund["totalRefundedSet"])
    ]
    for each, refund in needed(settled, "exchange for something cheaper"):
        assert total(each["sales"]["nodes"]) == -money(refund["totalRefundedSet"])


@case("returns", assumed("which of several returns decides is not documented"))
def test_open_return_shows_in_the_status_of_its_order(returns: list[WithOrder]) -> None:
    """An order with an open return is IN_PROGRESS or INSPECTION_COMPLETE, before what its other returns say."""
    open_ones = [order for one, order in returns if one["status"] == "OPEN"]
    assert {one["returnStatus"] for one in needed(open_ones, "open return")} <= {"IN_PROGRESS", "INSPECTION_COMPLETE"}


@case("returns", documented("https://shopify.dev/docs/api/admin-graphql/latest/enums/ReturnStatus"))
def test_declined_return_takes_nothing_back(returns: list[WithOrder]) -> None:
    """A return that is REQUESTED, DECLINED or CANCELED has no processed units and no refund."""
    states = ("REQUESTED", "DECLINED", "CANCELED")
    found = [one for one, _ in returns if one["status"] in states]
    for one in needed(found, "return that was asked for"):
        assert processed(one) == 0
        assert one["refunds"]["nodes"] == []
