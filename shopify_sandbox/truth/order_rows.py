"""What a warehouse has to hold of orders as such: headers, lines and the sales ledger.

Here: rows by table. Not here: payments, refunds and shipments (``movement_rows.py``), hashing and printing.
"""

from __future__ import annotations

from collections.abc import Iterator

from shopify_sandbox.truth.books import Books, OrderBook
from shopify_sandbox.truth.cells import Row, address, bags, currencies, rate


def orders(books: Books) -> Iterator[Row]:
    for order in books.orders.values():
        placed = order.placed
        yield {
            "order_id": order.id,
            "name": f"#{placed['number']}",
            **{name: placed[name] for name in ("source_name", "email", "phone", "note", "customer_id", "processed_at")},
            "created_at": order.created_at,
            "updated_at": order.updated_at,
            "cancelled_at": order.cancelled_at,
            "closed_at": order.closed_at,
            "cancel_reason": order.cancel_reason,
            "financial_status": _financial_status(order),
            "fulfillment_status": _fulfillment_status(order),
            "return_status": "NO_RETURN",
            "is_test": False,
            "is_edited": order.edited,
            "taxes_included": False,
            **currencies(books),
            **bags(**_sold(order), **_settled(order)),
            **address(placed["shipping"], "ship_to_"),
        }


def _sold(order: OrderBook) -> dict[str, int]:
    """Money fields that follow from the sales ledger."""
    added = ("ORDER", "UPDATE")
    first = sum(sale["total"] for sale in order.agreements[0]["sales"])
    adjustments = order.sold(column="total", kinds=["ADJUSTMENT"])
    goods, goods_tax = order.sold(column="total", kinds=["PRODUCT"]), order.sold(column="tax", kinds=["PRODUCT"])
    shipping = order.sold(column="total", kinds=["SHIPPING"]) - order.sold(column="tax", kinds=["SHIPPING"])
    return {
        "original_total_price": first,
        "total_price": order.sold(column="total", actions=added),
        "subtotal_price": order.sold(column="total", actions=added, kinds=["PRODUCT"])
        - order.sold(column="tax", actions=added, kinds=["PRODUCT"]),
        "total_tax": order.sold(column="tax", actions=added),
        "total_discounts": order.sold(column="discount", actions=added),
        "total_shipping_price": sum(line["price"] for line in order.placed["shipping_lines"]),
        "current_total_price": order.sold(column="total") - adjustments,
        "current_subtotal_price": goods - goods_tax,
        "current_total_tax": order.sold(column="tax"),
        "current_total_discounts": order.sold(column="discount"),
        "current_shipping_price": shipping,
        "total_tip": order.sold(column="total", actions=["ORDER"], kinds=["TIP"]),
        "refund_discrepancy": adjustments,
    }


def _settled(order: OrderBook) -> dict[str, int]:
    """Money fields that follow from the transactions (and, for what is owed, from all sales)."""
    received, refunded, capturable = order.paid("SALE", "CAPTURE"), order.paid("REFUND"), _capturable(order)
    return {
        "total_received": received,
        "total_refunded": refunded,
        "net_payment": received - refunded,
        "total_capturable": capturable,
        "total_outstanding": order.sold(column="total") - (received - refunded) - capturable,
    }


def _capturable(order: OrderBook) -> int:
    voided = any(one["kind"] == "VOID" and one["status"] == "SUCCESS" for one in order.transactions)
    return 0 if voided else order.paid("AUTHORIZATION") - order.paid("CAPTURE")


def _financial_status(order: OrderBook) -> str:
    money = _settled(order)
    if money["total_received"]:
        if money["net_payment"] <= 0:
            return "REFUNDED"
        if money["total_refunded"]:
            return "PARTIALLY_REFUNDED"
        return "PAID" if money["total_outstanding"] <= 0 else "PARTIALLY_PAID"
    if money["total_capturable"]:
        return "AUTHORIZED"
    return "PENDING" if order.cancelled_at is None else "VOIDED"


def _fulfillment_status(order: OrderBook) -> str:
    if not order.fulfillments:
        return "UNFULFILLED"
    return "PARTIALLY_FULFILLED" if any(order.unfulfilled(line) for line in order.lines) else "FULFILLED"


def order_lines(books: Books) -> Iterator[Row]:
    for order in books.orders.values():
        for line in order.lines:
            gross, variant_id = line["unit_price"] * line["quantity"], line["variant_id"]
            methods = {one["index"]: one["method"] for one in order.applications}
            off = sum(amount for index, amount in line["allocations"] if methods[index] != "ACROSS")
            yield {
                "order_line_id": line["id"],
                "order_id": order.id,
                **{name: line[name] for name in ("title", "variant_title", "sku", "vendor", "variant_id", "quantity")},
                "product_id": books.product_of[variant_id] if variant_id else None,
                "current_quantity": order.units(line["id"]),
                "unfulfilled_quantity": order.unfulfilled(line),
                "requires_shipping": line["line_type"] == "PRODUCT",
                "is_gift_card": False,
                "is_taxable": line["taxable"],
                **currencies(books),
                **bags(original_unit_price=line["unit_price"], original_total=gross, discounted_total=gross - off),
            }


def order_line_discounts(books: Books) -> Iterator[Row]:
    for order in books.orders.values():
        applications = {one["index"]: one for one in order.applications}
        for line in order.lines:
            for position, (index, amount) in enumerate(line["allocations"]):
                application = applications[index]
                is_code = application["type"] == "DiscountCodeApplication"
                yield {
                    "order_line_id": line["id"],
                    "position": position,
                    "order_id": order.id,
                    "application_index": index,
                    "allocation_method": application["method"],
                    "target_selection": application["selection"],
                    "code": application["name"] if is_code else None,
                    "title": None if is_code else application["name"],
                    **currencies(books),
                    **bags(allocated=amount),
                }


def order_taxes(books: Books) -> Iterator[Row]:
    for order in books.orders.values():
        owners = [("line", line) for line in order.lines]
        owners += [("shipping", line) for line in order.placed["shipping_lines"]]
        for owner_type, line in owners:
            for position, (title, ppm, _) in enumerate(line["taxes"]):
                yield {
                    "owner_type": owner_type,
                    "owner_id": line["id"],
                    "position": position,
                    "order_id": order.id,
                    "title": title,
                    "rate": rate(ppm),
                    "channel_liable": False,
                    **currencies(books),
                    **bags(amount=order.tax(line["id"], position)),
                }


def order_shipping_lines(books: Books) -> Iterator[Row]:
    for order in books.orders.values():
        for line in order.placed["shipping_lines"]:
            off = sum(amount for _, amount in line["allocations"])
            yield {
                "shipping_line_id": line["id"],
                "order_id": order.id,
                "title": line["title"],
                "code": line["code"],
                "source": "shopify",
                "is_removed": False,
                **currencies(books),
                **bags(original_price=line["price"], discounted_price=line["price"] - off),
            }


def order_attributes(books: Books) -> Iterator[Row]:
    for order in books.orders.values():
        for position, (name, value) in enumerate(order.placed["attributes"]):
            yield {"order_id": order.id, "position": position, "name": name, "value": value}


def order_tags(books: Books) -> Iterator[Row]:
    for order in books.orders.values():
        for position, tag in enumerate(order.placed["tags"]):
            yield {"order_id": order.id, "position": position, "tag": tag}


def order_agreements(books: Books) -> Iterator[Row]:
    for order in books.orders.values():
        for agreement in order.agreements:
            yield {
                "agreement_id": agreement["id"],
                "order_id": order.id,
                "agreement_type": agreement["type"],
                "reason": agreement["reason"],
                "happened_at": agreement["happened_at"],
                "refund_id": agreement["refund_id"],
                "return_id": None,
            }


def order_sales(books: Books) -> Iterator[Row]:
    for order in books.orders.values():
        for agreement in order.agreements:
            for sale in agreement["sales"]:
                ships = sale["line_type"] == "SHIPPING"
                yield {
                    "sale_id": sale["id"],
                    "agreement_id": agreement["id"],
                    "order_id": order.id,
                    "action_type": sale["action"],
                    "line_type": sale["line_type"],
                    "quantity": sale["quantity"],
                    "order_line_id": None if ships else sale["line_id"],
                    "shipping_line_id": sale["line_id"] if ships and sale["action"] != "RETURN" else None,
                    **currencies(books),
                    **bags(total=sale["total"], total_tax=sale["tax"], discount_before_tax=sale["discount"]),
                }


def order_sale_taxes(books: Books) -> Iterator[Row]:
    for order in books.orders.values():
        taxes = {line["id"]: line["taxes"] for line in [*order.lines, *order.placed["shipping_lines"]]}
        for sale in order.sales():
            for tax_id, position, amount in sale["taxes"]:
                title, ppm, _ = taxes[sale["line_id"]][position]
                yield {
                    "sale_tax_id": tax_id,
                    "sale_id": sale["id"],
                    "order_id": order.id,
                    "title": title,
                    "rate": rate(ppm),
                    "channel_liable": False,
                    **currencies(books),
                    **bags(amount=amount),
                }
