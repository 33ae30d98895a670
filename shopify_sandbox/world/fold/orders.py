"""What events do to an order: placed, paid, edited, shipped; and its ledger.

Here: one small function per event, and the parts of an order other folds add too. Not here: refunds (``refunds.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from shopify_sandbox.world.currency import Exchange, exchange
from shopify_sandbox.world.fold.events import Event, Fold
from shopify_sandbox.world.fold.particulars import line_particulars, particulars
from shopify_sandbox.world.fold.people import keep_address
from shopify_sandbox.world.records import (
    AdditionalFee,
    Agreement,
    Allocation,
    DiscountApplication,
    Duty,
    Fee,
    Line,
    Order,
    Sale,
    SaleTax,
    ShippingLine,
    TaxLine,
    Transaction,
)
from shopify_sandbox.world.return_records import ReturnFee
from shopify_sandbox.world.shipping_records import Fulfillment, FulfillmentLine, Tracking
from shopify_sandbox.world.state import State
from shopify_sandbox.world.times import instant

#: What a sale's ``line_id`` names, by line type, when it is no line item.
SOLD_BY_ID = {"SHIPPING": "ShippingLine", "DUTY": "Duty", "ADDITIONAL_FEE": "AdditionalFee", "FEE": "ReturnFee"}


def touch(order: Order, at: datetime) -> None:
    order.updated_at = at
    order.cached_figures = None
    if order.customer:
        order.customer.updated_at = at


def exchange_of(state: State, currency: str, rate: str | None) -> Exchange | None:
    """The exchange a rate among an event's facts stands for; none when there is no rate."""
    return None if rate is None else exchange(state.shop.currency, currency, rate)


def _order_placed(state: State, event: Event, at: datetime) -> None:
    facts = dict(event["order"])
    lines, shipping_lines = facts.pop("lines"), facts.pop("shipping_lines")
    more = facts.pop("particulars", None)
    foreign = exchange_of(state, facts.pop("presentment", state.shop.currency), facts.pop("rate", None))
    customer_id = facts.pop("customer_id")
    customer = state.customers[customer_id] if customer_id else None
    applications = [DiscountApplication(**application) for application in facts.pop("applications")]
    order = Order(
        customer=customer,
        accepts_marketing=customer is not None and customer.email_state == "SUBSCRIBED",
        location=state.locations[facts.pop("location_id")],
        billing=keep_address(state, facts.pop("billing")),
        shipping=keep_address(state, facts.pop("shipping")),
        attributes=[(key, value) for key, value in facts.pop("attributes")],
        processed_at=instant(facts.pop("processed_at")),
        applications=applications,
        created_at=at,
        updated_at=at,
        exchange=foreign,
        counts_adjustments=state.ledger_forms.current_total == "with",
        **facts,
    )
    if more is not None:
        order.particulars = particulars(state, order, more)
    for line in lines:
        add_line(state, order, line)
    for shipping_line in shipping_lines:
        _add_shipping_line(state, order, shipping_line)
    state.orders[order.id] = order
    state.seen("Order", order.id)
    if customer:
        customer.orders.append(order)
    add_transactions(state, order, event["transactions"], at)
    add_agreement(state, order, event["agreement"])
    touch(order, at)


def _allocations(order: Order, facts: list[list[int]]) -> list[Allocation]:
    return [Allocation(order.applications[index], amount) for index, amount in facts]


def add_line(state: State, order: Order, facts: Mapping[str, Any]) -> None:
    rest = dict(facts)
    variant_id = rest.pop("variant_id")
    more = rest.pop("particulars", None)
    line = Line(
        order=order,
        variant=state.variants[variant_id] if variant_id else None,
        allocations=_allocations(order, rest.pop("allocations")),
        taxes=[TaxLine(title, rate, amount) for title, rate, amount in rest.pop("taxes")],
        **rest,
    )
    if more is not None:
        line.particulars = line_particulars(state, order, more)
    order.lines.append(line)
    state.lines[line.id] = line
    state.seen("LineItem", line.id)


def _add_shipping_line(state: State, order: Order, facts: Mapping[str, Any]) -> None:
    rest = dict(facts)
    allocations = _allocations(order, rest.pop("allocations"))
    taxes = [TaxLine(title, rate, amount) for title, rate, amount in rest.pop("taxes")]
    line = ShippingLine(order=order, allocations=allocations, taxes=taxes, **rest)
    order.shipping_lines.append(line)
    state.keep("ShippingLine", line.id, line)


def add_transactions(state: State, order: Order, facts: list[dict[str, Any]], at: datetime) -> list[Transaction]:
    added = []
    for transaction_facts in facts:
        rest = dict(transaction_facts)
        parent_id = rest.pop("parent_id")
        fees = [Fee(*fee) for fee in rest.pop("fees")]
        created = instant(rest.pop("created_at"))
        currency = order.exchange.presentment if order.exchange else state.shop.currency
        transaction = Transaction(
            order=order,
            exchange=exchange_of(state, currency, rest.pop("rate", None)),
            parent=state.others["OrderTransaction", parent_id] if parent_id else None,
            created_at=created,
            processed_at=None if rest["status"] == "PENDING" else created,
            fees=fees,
            **rest,
        )
        for fee in fees:
            state.seen("TransactionFee", fee.id)
        order.transactions.append(transaction)
        state.keep("OrderTransaction", transaction.id, transaction)
        added.append(transaction)
    return added


def add_agreement(state: State, order: Order, facts: Mapping[str, Any]) -> None:
    refund_id = facts.get("refund_id")
    refund = state.others["Refund", refund_id] if refund_id else None
    sales = [_sale(state, sale) for sale in facts["sales"]]
    order.agreements.append(
        Agreement(
            facts["id"],
            order,
            facts["type"],
            facts["reason"],
            instant(facts["happened_at"]),
            refund,
            sales,
            returned=state.others["Return", facts["return_id"]] if "return_id" in facts else None,
        )
    )
    state.seen("SalesAgreement", facts["id"])


def _sale(state: State, facts: Mapping[str, Any]) -> Sale:
    line: Line | ShippingLine | Duty | AdditionalFee | ReturnFee | None = None
    kind = SOLD_BY_ID.get(facts["line_type"])
    if kind:
        line = state.others[kind, facts["line_id"]]
    elif facts["line_id"]:
        line = state.lines[facts["line_id"]]
    taxes = []
    tax_lines = line.taxes if line else []
    for tax_id, position, amount in facts["taxes"]:
        taxes.append(SaleTax(tax_id, amount, tax_lines[position]))
        if facts["action"] == "UPDATE":
            tax_lines[position].amount += amount
        state.seen("SaleTax", tax_id)
    state.seen("Sale", facts["id"])
    return Sale(
        facts["id"],
        facts["action"],
        facts["line_type"],
        line,
        facts["quantity"],
        facts["total"],
        facts["tax"],
        facts["discount"],
        facts["discount_after_tax"],
        taxes,
    )


def _payment_recorded(state: State, event: Event, at: datetime) -> None:
    order = state.orders[event["order_id"]]
    add_transactions(state, order, event["transactions"], at)
    touch(order, at)


def _authorization_expired(state: State, event: Event, at: datetime) -> None:
    order = state.orders[event["order_id"]]
    order.particulars = replace(order.particulars, has_expired=True)
    touch(order, at)


def _order_fulfilled(state: State, event: Event, at: datetime) -> None:
    order = state.orders[event["order_id"]]
    facts = event["fulfillment"]
    lines = [FulfillmentLine(line_id, state.lines[line], units) for line_id, line, units in facts["lines"]]
    tracking = [Tracking(*entry) for entry in facts["tracking"]]
    location = state.locations[facts["location_id"]]
    fulfillment = Fulfillment(facts["id"], order, facts["name"], location, at, at, lines, tracking)
    for fulfillment_line in lines:
        fulfillment_line.line.fulfilled += fulfillment_line.quantity
        state.keep("FulfillmentLineItem", fulfillment_line.id, fulfillment_line)
    order.fulfillments.append(fulfillment)
    state.keep("Fulfillment", fulfillment.id, fulfillment)
    if event["closes"]:
        order.closed_at = at
    touch(order, at)


def order_edited(state: State, event: Event, at: datetime) -> None:
    order = state.orders[event["order_id"]]
    order.edited = True
    order.applications.extend(DiscountApplication(**application) for application in event["applications"])
    for line in event["lines"]:
        add_line(state, order, line)
    for line_id, application, amount in event["allocations"]:
        state.lines[line_id].allocations.append(Allocation(order.applications[application], amount))
    for line_id, units in event["removed"]:
        state.lines[line_id].removed += units
    add_agreement(state, order, event["agreement"])
    touch(order, at)


FOLDS: dict[str, Fold] = {
    "order_placed": _order_placed,
    "payment_recorded": _payment_recorded,
    "authorization_expired": _authorization_expired,
    "order_fulfilled": _order_fulfilled,
}
