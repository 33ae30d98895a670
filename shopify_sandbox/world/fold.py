"""The fold: what each event does to the state.

Here: one small function per event, which copies the event's facts into records. Not here: decisions; an event already
holds every id, amount and stock movement, so that replaying a log needs no randomness and no rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from shopify_sandbox.world.goods import (
    AdjustmentGroup,
    InventoryItem,
    InventoryLevel,
    Location,
    Product,
    QuantityChange,
    Shop,
    Variant,
)
from shopify_sandbox.world.records import (
    Address,
    Adjustment,
    Agreement,
    Allocation,
    Customer,
    DiscountApplication,
    Fee,
    Fulfillment,
    FulfillmentLine,
    Line,
    Order,
    Refund,
    RefundLine,
    RefundShippingLine,
    Sale,
    SaleTax,
    ShippingLine,
    TaxLine,
    Tracking,
    Transaction,
)
from shopify_sandbox.world.state import State
from shopify_sandbox.world.times import instant

Event = Mapping[str, Any]


def apply(state: State, event: Event) -> None:
    """Fold one event into the state.

    Raises:
        KeyError: The event, or a record it names, is unknown; the state is unchanged or partly changed.
    """
    at = instant(event["at"])
    FOLDS[event["event"]](state, event, at)
    for level_id, moves in event.get("stock", ()):
        _move(state.levels[level_id], moves, at)
    state.now = max(state.now, at)
    state.event_count += 1


def _move(level: InventoryLevel, moves: Mapping[str, int], at: datetime) -> None:
    on_hand = level.on_hand
    for name, change in moves.items():
        level.quantities[name] += change
        level.stamps[name] = at
    if level.on_hand != on_hand:
        level.stamps["on_hand"] = at
    level.updated_at = at


def _touch(order: Order, at: datetime) -> None:
    order.updated_at = at
    order.cached_figures = None
    if order.customer:
        order.customer.updated_at = at


def _clock(state: State, event: Event, at: datetime) -> None:
    """Only the world's clock moves."""


def _shop_opened(state: State, event: Event, at: datetime) -> None:
    state.shop = Shop(**event["shop"], created_at=at)
    state.seen("Shop", state.shop.id)
    for facts in event["locations"]:
        location = Location(**facts, created_at=at, updated_at=at)
        state.locations[location.id] = location
        state.seen("Location", location.id)


def _product_created(state: State, event: Event, at: datetime) -> None:
    facts = dict(event["product"])
    variants = facts.pop("variants")
    product = Product(**facts, created_at=at, updated_at=at, published_at=at)
    state.products[product.id] = product
    state.seen("Product", product.id)
    for position, variant_facts in enumerate(variants, start=1):
        _add_variant(state, product, position, dict(variant_facts), at)


def _add_variant(state: State, product: Product, position: int, facts: dict[str, Any], at: datetime) -> None:
    item_facts, levels = facts.pop("item"), facts.pop("levels")
    variant = Variant(**facts, product=product, position=position, created_at=at, updated_at=at)
    variant.item = InventoryItem(**item_facts, variant=variant, created_at=at, updated_at=at)
    for level_id, location_id, quantities in levels:
        location = state.locations[location_id]
        stamps = dict.fromkeys((*quantities, "on_hand"), at)
        level = InventoryLevel(level_id, variant.item, location, dict(quantities), stamps, at, at)
        variant.item.levels.append(level)
        location.levels.append(level)
        state.levels[level_id] = level
        state.seen("InventoryLevel", level_id)
    product.variants.append(variant)
    state.variants[variant.id] = variant
    state.items[variant.item.id] = variant.item
    state.seen("ProductVariant", variant.id)
    state.seen("InventoryItem", variant.item.id)


def _product_updated(state: State, event: Event, at: datetime) -> None:
    product = state.products[event["product_id"]]
    product.updated_at = at
    product.tags = event.get("tags", product.tags)
    for variant_id, price, compare_at in event.get("prices", ()):
        variant = state.variants[variant_id]
        variant.price, variant.compare_at, variant.updated_at = price, compare_at, at


def _stock_adjusted(state: State, event: Event, at: datetime) -> None:
    """The movements are in ``stock``, which every event may carry; an app's write has a group beside them."""
    if "group" not in event:
        return
    facts = dict(event["group"])
    changes = [QuantityChange(state.levels[level], *rest) for level, *rest in facts.pop("changes")]
    group = AdjustmentGroup(created_at=at, changes=changes, **facts)
    state.keep("InventoryAdjustmentGroup", group.id, group)
    state.writes[group.key] = group


def _address(state: State, facts: Mapping[str, Any]) -> Address:
    address = Address(**facts)
    state.keep("MailingAddress", address.id, address)
    return address


def _customer_created(state: State, event: Event, at: datetime) -> None:
    facts = dict(event["customer"])
    addresses = [_address(state, address) for address in facts.pop("addresses")]
    consented = at if facts["email_state"] == "SUBSCRIBED" else None
    customer = Customer(**facts, addresses=addresses, created_at=at, updated_at=at, consented_at=consented)
    state.customers[customer.id] = customer
    state.seen("Customer", customer.id)


def _customer_updated(state: State, event: Event, at: datetime) -> None:
    customer = state.customers[event["customer_id"]]
    customer.updated_at = at
    customer.tags = event.get("tags", customer.tags)
    customer.note = event.get("note", customer.note)
    if "address" in event:
        customer.addresses.append(_address(state, event["address"]))
    if "email_state" in event:
        customer.email_state, customer.consented_at = event["email_state"], at


def _order_placed(state: State, event: Event, at: datetime) -> None:
    facts = dict(event["order"])
    lines, shipping_lines = facts.pop("lines"), facts.pop("shipping_lines")
    customer_id = facts.pop("customer_id")
    customer = state.customers[customer_id] if customer_id else None
    applications = [DiscountApplication(**application) for application in facts.pop("applications")]
    order = Order(
        customer=customer,
        location=state.locations[facts.pop("location_id")],
        billing=_address(state, facts.pop("billing")),
        shipping=_address(state, facts.pop("shipping")),
        attributes=[(key, value) for key, value in facts.pop("attributes")],
        processed_at=instant(facts.pop("processed_at")),
        applications=applications,
        created_at=at,
        updated_at=at,
        **facts,
    )
    for line in lines:
        _add_line(state, order, line)
    for shipping_line in shipping_lines:
        _add_shipping_line(state, order, shipping_line)
    state.orders[order.id] = order
    state.seen("Order", order.id)
    if customer:
        customer.orders.append(order)
    _add_transactions(state, order, event["transactions"], at)
    _add_agreement(state, order, event["agreement"])
    _touch(order, at)


def _allocations(order: Order, facts: list[list[int]]) -> list[Allocation]:
    return [Allocation(order.applications[index], amount) for index, amount in facts]


def _add_line(state: State, order: Order, facts: Mapping[str, Any]) -> None:
    rest = dict(facts)
    variant_id = rest.pop("variant_id")
    line = Line(
        order=order,
        variant=state.variants[variant_id] if variant_id else None,
        allocations=_allocations(order, rest.pop("allocations")),
        taxes=[TaxLine(title, rate, amount) for title, rate, amount in rest.pop("taxes")],
        **rest,
    )
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


def _add_transactions(state: State, order: Order, facts: list[dict[str, Any]], at: datetime) -> list[Transaction]:
    added = []
    for transaction_facts in facts:
        rest = dict(transaction_facts)
        parent_id = rest.pop("parent_id")
        fees = [Fee(*fee) for fee in rest.pop("fees")]
        created = instant(rest.pop("created_at"))
        transaction = Transaction(
            order=order,
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


def _add_agreement(state: State, order: Order, facts: Mapping[str, Any]) -> None:
    refund_id = facts.get("refund_id")
    refund = state.others["Refund", refund_id] if refund_id else None
    sales = [_sale(state, sale) for sale in facts["sales"]]
    order.agreements.append(
        Agreement(facts["id"], order, facts["type"], facts["reason"], instant(facts["happened_at"]), refund, sales)
    )
    state.seen("SalesAgreement", facts["id"])


def _sale(state: State, facts: Mapping[str, Any]) -> Sale:
    line: Line | ShippingLine | None = None
    if facts["line_type"] == "SHIPPING":
        line = state.others["ShippingLine", facts["line_id"]]
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
    _add_transactions(state, order, event["transactions"], at)
    _touch(order, at)


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
    _touch(order, at)


def _add_refund(state: State, order: Order, event: Event, at: datetime) -> None:
    facts = event["refund"]
    transactions = _add_transactions(state, order, event["transactions"], at)
    refund = Refund(facts["id"], order, facts["note"], at, at, [], [], [], transactions)
    for row_id, line_id, units, restock, location_id, subtotal, tax in facts["lines"]:
        line = state.lines[line_id]
        location = state.locations[location_id] if location_id else None
        refund.lines.append(RefundLine(row_id, line, units, restock, location, subtotal, tax))
        state.seen("RefundLineItem", row_id)
        if restock == "CANCEL":
            line.removed += units
        else:
            line.returned += units
    for row_id, shipping_id, subtotal, tax in facts["shipping_lines"]:
        shipping_line = state.others["ShippingLine", shipping_id]
        refund.shipping_lines.append(RefundShippingLine(row_id, shipping_line, subtotal, tax))
        state.seen("RefundShippingLine", row_id)
    for row in facts["adjustments"]:
        adjustment = Adjustment(*row)
        refund.adjustments.append(adjustment)
        state.keep("OrderAdjustment", adjustment.id, adjustment)
    order.refunds.append(refund)
    state.keep("Refund", refund.id, refund)
    _add_agreement(state, order, event["agreement"])


def _order_refunded(state: State, event: Event, at: datetime) -> None:
    order = state.orders[event["order_id"]]
    _add_refund(state, order, event, at)
    _touch(order, at)


def _refund_settled(state: State, event: Event, at: datetime) -> None:
    order = state.orders[event["order_id"]]
    refund: Refund = state.others["Refund", event["refund_id"]]
    for transaction in refund.transactions:
        if transaction.id in event["transaction_ids"]:
            transaction.status, transaction.processed_at = "SUCCESS", at
    refund.adjustments = [kept for kept in refund.adjustments if kept.id not in event["adjustment_ids"]]
    for adjustment_id in event["adjustment_ids"]:
        del state.others["OrderAdjustment", adjustment_id]
    for agreement in order.agreements:
        if agreement.refund is refund:
            agreement.sales = [sale for sale in agreement.sales if sale.id not in event["sale_ids"]]
    refund.updated_at = at
    _touch(order, at)


def _order_edited(state: State, event: Event, at: datetime) -> None:
    order = state.orders[event["order_id"]]
    order.edited = True
    order.applications.extend(DiscountApplication(**application) for application in event["applications"])
    for line in event["lines"]:
        _add_line(state, order, line)
    for line_id, application, amount in event["allocations"]:
        state.lines[line_id].allocations.append(Allocation(order.applications[application], amount))
    for line_id, units in event["removed"]:
        state.lines[line_id].removed += units
    _add_agreement(state, order, event["agreement"])
    _touch(order, at)


def _order_cancelled(state: State, event: Event, at: datetime) -> None:
    order = state.orders[event["order_id"]]
    order.cancelled_at = order.closed_at = at
    order.cancel_reason = event["reason"]
    _add_transactions(state, order, event["voids"], at)
    _add_refund(state, order, event, at)
    _touch(order, at)


FOLDS: dict[str, Callable[[State, Event, datetime], None]] = {
    "clock": _clock,
    "shop_opened": _shop_opened,
    "product_created": _product_created,
    "product_updated": _product_updated,
    "stock_adjusted": _stock_adjusted,
    "customer_created": _customer_created,
    "customer_updated": _customer_updated,
    "order_placed": _order_placed,
    "payment_recorded": _payment_recorded,
    "order_fulfilled": _order_fulfilled,
    "order_refunded": _order_refunded,
    "refund_settled": _refund_settled,
    "order_edited": _order_edited,
    "order_cancelled": _order_cancelled,
}
