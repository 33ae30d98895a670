"""What a warehouse has to hold of orders as such: headers, attributes, tags, discounts and fees of the whole order.

Here: rows by table. Not here: lines (``line_rows.py``), the sales ledger (``ledger_rows.py``), money that moved
(``movement_rows.py``), parcels (``shipment_rows.py``), returns (``return_rows.py``).
"""

from __future__ import annotations

from collections.abc import Iterator

from shopify_sandbox.truth.books import Books
from shopify_sandbox.truth.cells import Row
from shopify_sandbox.truth.currencies import major
from shopify_sandbox.truth.order_book import OrderBook
from shopify_sandbox.truth.order_cells import address, bags, currencies, in_both
from shopify_sandbox.truth.order_facts import Sale

#: The app an order comes through, by its source. Shopify's own channels have these ids in every shop.
APPS = {
    "web": (580_111, "Online Store"),
    "pos": (129_785, "Point of Sale"),
    "mobile_app": (3_890_849, "Shop"),
    "shopify_draft_order": (1_354_745, "Draft Orders"),
}
ADDED = ("ORDER", "UPDATE")
GOODS = ("PRODUCT", "GIFT_CARD")


def orders(books: Books) -> Iterator[Row]:
    for order in books.orders.values():
        yield {
            **_origin(books, order),
            **_people(books, order),
            **_times(order),
            **_states(order),
            **_quantities(books, order),
            **currencies(order),
            **bags(order, **_sold(order), **_agreed_charges(order), **_taken_off(order)),
            **_settled(order),
            **address(order.placed.shipping, "ship_to_", is_redacted=order.is_redacted),
            **address(order.placed.billing, "bill_to_", is_redacted=order.is_redacted),
        }


def _origin(books: Books, order: OrderBook) -> Row:
    placed = order.placed
    app_id, app_name = APPS[placed.source_name]
    return {
        "order_id": order.id,
        "name": order.name,
        "number": placed.number,
        "confirmation_number": placed.confirmation,
        "po_number": placed.extras.po_number,
        "source_name": placed.source_name,
        "source_identifier": None,
        "registered_source_url": None,
        "app_id": app_id,
        "app_name": app_name,
        "publication_id": None,
        "business_entity_id": books.shop["id"],
        "retail_location_id": placed.location_id if placed.source_name == "pos" else None,
    }


def _people(books: Books, order: OrderBook) -> Row:
    placed, company, terms = order.placed, order.placed.extras.purchaser, order.placed.extras.terms
    known = {name: None if order.is_redacted else getattr(placed, name) for name in ("email", "phone", "note")}
    return {
        **known,
        "customer_locale": books.buyers[order.customer_id].locale if order.customer_id else "en",
        "accepts_marketing": order.accepts_marketing,
        "customer_id": order.customer_id,
        "company_id": company.id if company else None,
        "company_name": company.name if company else None,
        "company_location_id": company.location_id if company else None,
        "company_contact_id": None,
        "payment_terms_type": terms.type if terms else None,
        "payment_due_in_days": terms.due_in_days if terms else None,
    }


def _times(order: OrderBook) -> Row:
    return {
        "created_at": order.created_at,
        "processed_at": order.placed.processed_at,
        "updated_at": order.updated_at,
        "cancelled_at": order.cancelled_at,
        "closed_at": order.closed_at,
        "cancel_reason": order.cancel_reason,
        "cancel_note": None,
    }


def _states(order: OrderBook) -> Row:
    received, refunded = order.received()[0], order.refunded()[0]
    unfulfilled = any(order.unfulfilled(line) for line in order.lines)
    return {
        "financial_status": _financial_status(order),
        "fulfillment_status": _fulfillment_status(order),
        "return_status": _return_status(order),
        "is_test": order.placed.extras.is_test,
        "is_edited": order.is_edited,
        "is_closed": order.closed_at is not None,
        "is_confirmed": True,
        "is_fully_paid": received > 0 and order.outstanding() <= 0,
        "is_unpaid": received == 0,
        "is_capturable": order.capturable() > 0,
        "is_refundable": received > refunded,
        "is_restockable": unfulfilled or any(order.left_with_customer(line) for line in order.lines),
        "is_fulfillable": unfulfilled,
        "requires_shipping": any(line.ships for line in order.lines),
        "taxes_included": order.placed.taxes_included,
        "is_tax_exempt": False,
        "duties_included": False,
        "has_estimated_taxes": False,
    }


def _financial_status(order: OrderBook) -> str:
    received, refunded = order.received()[0], order.refunded()[0]
    if received:
        if refunded:
            return "REFUNDED" if refunded >= received else "PARTIALLY_REFUNDED"
        return "PAID" if order.outstanding() <= 0 else "PARTIALLY_PAID"
    if not order.transactions and order.sold(_total, ADDED) == 0:
        return "PAID"
    if order.cancelled_at is None and order.has_expired:
        return "EXPIRED"
    if order.capturable():
        return "AUTHORIZED"
    return "PENDING" if order.cancelled_at is None else "VOIDED"


def _fulfillment_status(order: OrderBook) -> str:
    if not any(order.shipped.values()):
        return "UNFULFILLED"
    return "PARTIALLY_FULFILLED" if any(order.unfulfilled(line) for line in order.lines) else "FULFILLED"


def _return_status(order: OrderBook) -> str:
    """Of several returns, the one that still needs something done decides."""
    opened = [one for one in order.returns.values() if one.status == "OPEN"]
    if opened:
        inspected = all(one.reverses and all(map(one.is_inspected, one.reverses)) for one in opened)
        return "INSPECTION_COMPLETE" if inspected else "IN_PROGRESS"
    statuses = {one.status for one in order.returns.values()}
    if "REQUESTED" in statuses:
        return "RETURN_REQUESTED"
    if "CLOSED" in statuses:
        return "RETURNED"
    return "RETURN_FAILED" if "CANCELED" in statuses else "NO_RETURN"


def _quantities(books: Books, order: OrderBook) -> Row:
    """Units of goods, and grams of everything that has a weight."""
    goods = [line for line in order.lines if line.line_type in GOODS]
    grams = {line.id: books.goods[line.variant_id].grams for line in order.lines if line.variant_id}
    return {
        "line_quantity": sum(line.quantity for line in goods),
        "current_line_quantity": sum(map(order.units, goods)),
        "total_weight": sum(grams.get(line.id, 0) * line.quantity for line in order.lines),
        "current_total_weight": sum(grams.get(line.id, 0) * order.units(line) for line in order.lines),
    }


def _total(sale: Sale) -> int:
    return sale.total


def _tax(sale: Sale) -> int:
    return sale.tax


def _sold(order: OrderBook) -> dict[str, int]:
    """Money fields that follow from the sales ledger; prices are with tax where the shop's are."""
    included = order.placed.taxes_included
    adjustments = order.sold(_total, kinds=["ADJUSTMENT"])

    def price(sale: Sale) -> int:
        return sale.total if included else sale.total - sale.tax

    def discount(sale: Sale) -> int:
        return sale.discount_after_tax if included else sale.discount

    return {
        "original_total_price": sum(sale.total for sale in order.agreements[0].sales),
        "total_price": order.sold(_total, ADDED),
        "subtotal_price": order.sold(price, ADDED, GOODS),
        "total_tax": order.sold(_tax, ADDED),
        "total_discounts": order.sold(discount, ADDED),
        "current_total_price": order.sold(_total) - (0 if order.keeps_adjustments else adjustments),
        "current_subtotal_price": order.sold(price, kinds=GOODS),
        "current_total_tax": order.sold(_tax),
        "current_total_discounts": order.sold(discount),
        "current_shipping_price": order.sold(price, kinds=["SHIPPING"]),
        "total_tip": order.sold(_total, ADDED, ["TIP"]),
        "refund_discrepancy": adjustments,
    }


def _agreed_charges(order: OrderBook) -> dict[str, int | None]:
    """Shipping, duties and fees; an order that never had duties or fees has none, not zero."""
    charges: dict[str, int | None] = {}
    for kind, name in (("DUTY", "duties"), ("ADDITIONAL_FEE", "additional_fees")):
        ever = any(sale.line_type == kind for sale in order.sales())
        charges[f"original_total_{name}"] = order.sold(_total, ADDED, [kind]) if ever else None
        charges[f"current_total_{name}"] = order.sold(_total, kinds=[kind]) if ever else None
    return {
        **charges,
        "total_shipping_price": sum(line.price for line in order.placed.shipping_lines),
        "total_refunded_shipping": sum(row.subtotal for one in order.refunds for row in one.facts.shipping_lines),
    }


def _taken_off(order: OrderBook) -> dict[str, int]:
    """Discounts on the whole order: as given, and as far as the units that are left carry them."""
    across = {one.index for one in order.applications if one.method == "ACROSS"}
    given = [(line, one.amount) for line in order.lines for one in line.allocations if one.application in across]
    carried = 0
    for line, amount in given:
        # Each unit carries its part; what does not divide is carried by the first ones, which are the first to go.
        whole, odd = divmod(amount, line.quantity)
        left = order.units(line)
        carried += whole * left + max(0, odd - (line.quantity - left))
    return {"cart_discount": sum(amount for _, amount in given), "current_cart_discount": carried}


def _settled(order: OrderBook) -> Row:
    """Money fields that follow from the transactions (and, for what is owed, from all sales)."""
    received, received_shop = order.received()
    refunded, refunded_shop = order.refunded()
    rounded = [one for one in order.transactions if one.status == "SUCCESS"]
    return {
        **in_both(order, "total_received", received, received_shop),
        **in_both(order, "total_refunded", refunded, refunded_shop),
        **in_both(order, "net_payment", received - refunded, received_shop - refunded_shop),
        **bags(
            order,
            total_capturable=order.capturable(),
            total_outstanding=order.outstanding(),
            cash_rounding_paid=sum(one.rounding or 0 for one in rounded if one.kind == "SALE"),
            cash_rounding_refunded=sum(one.rounding or 0 for one in rounded if one.kind == "REFUND"),
        ),
    }


def order_attributes(books: Books) -> Iterator[Row]:
    for order in books.orders.values():
        for position, (name, value) in enumerate(order.placed.attributes):
            yield {"order_id": order.id, "position": position, "name": name, "value": value}


def order_tags(books: Books) -> Iterator[Row]:
    for order in books.orders.values():
        for position, tag in enumerate(order.placed.tags):
            yield {"order_id": order.id, "position": position, "tag": tag}


def discount_applications(books: Books) -> Iterator[Row]:
    for order in books.orders.values():
        for one in order.applications:
            is_code = one.type == "DiscountCodeApplication"
            is_fixed = one.amount is not None
            yield {
                "order_id": order.id,
                "application_index": one.index,
                "application_type": one.type,
                "allocation_method": one.method,
                "target_selection": one.selection,
                "target_type": one.target,
                "code": one.name if is_code else None,
                "title": None if is_code else one.name,
                "description": None,
                "value_currency": order.currency if is_fixed else None,
                "value_amount": None if one.amount is None else major(one.amount, order.currency),
                "value_percentage": one.percent,
            }


def additional_fees(books: Books) -> Iterator[Row]:
    for order in books.orders.values():
        for fee in order.placed.extras.fees:
            yield {
                "additional_fee_id": fee.id,
                "order_id": order.id,
                "name": fee.name,
                **currencies(order),
                **bags(order, price=fee.price),
            }


def order_metafields(books: Books) -> Iterator[Row]:
    for order in books.orders.values():
        if order.notes:
            yield from order.notes.rows(order_id=order.id)
