"""What a warehouse has to hold of what was ordered: lines and shipping lines with their discounts, taxes and duties.

Here: rows by table, at order time unless a column says otherwise. Not here: what was agreed when (``ledger_rows.py``).
"""

from __future__ import annotations

from collections.abc import Iterator

from shopify_sandbox.truth.books import Books
from shopify_sandbox.truth.cells import Row
from shopify_sandbox.truth.order_book import OrderBook
from shopify_sandbox.truth.order_cells import bags, currencies, millionths, share
from shopify_sandbox.truth.order_facts import Line, ShippingLine


def order_lines(books: Books) -> Iterator[Row]:
    for order in books.orders.values():
        for line in order.lines:
            yield {
                "order_line_id": line.id,
                "order_id": order.id,
                "name": f"{line.title} - {line.variant_title}" if line.variant_title else line.title,
                **{name: getattr(line, name) for name in ("title", "variant_title", "sku", "vendor", "quantity")},
                "product_id": books.product_of(line.variant_id),
                "variant_id": books.still_sold(line.variant_id),
                "current_quantity": order.units(line),
                "unfulfilled_quantity": order.unfulfilled(line),
                "non_fulfillable_quantity": order.unshipped.get(line.id, 0) if line.ships else line.quantity,
                "refundable_quantity": order.units(line),
                "requires_shipping": line.ships,
                "is_gift_card": line.line_type == "GIFT_CARD",
                "is_taxable": line.taxable,
                "is_restockable": line.variant_id is not None,
                "weight": books.goods[line.variant_id].grams if line.variant_id else None,
                "weight_unit": "GRAMS" if line.variant_id else None,
                **_group(line),
                **currencies(order),
                **bags(order, **_prices(order, line)),
            }


def _group(line: Line) -> Row:
    """The bundle a line is of, and the plan it was sold by, which is known by name alone."""
    names = ("id", "title", "quantity", "product_id", "variant_id", "sku")
    group = line.extras.group
    return {
        "selling_plan_id": None,
        "selling_plan_name": line.extras.selling_plan,
        **{f"group_{name}": getattr(group, name) if group else None for name in names},
    }


def _prices(order: OrderBook, line: Line) -> dict[str, int]:
    methods = {one.index: one.method for one in order.applications}
    gross, units, waiting = line.unit_price * line.quantity, line.quantity, order.unfulfilled(line)
    off_line = sum(one.amount for one in line.allocations if methods[one.application] != "ACROSS")
    off = sum(one.amount for one in line.allocations)
    return {
        "original_unit_price": line.unit_price,
        "original_total": gross,
        "discounted_unit_price": share(gross - off_line, 1, units),
        "discounted_unit_price_after_all": share(gross - off, 1, units),
        "discounted_total": gross - off_line,
        "total_discount": off_line,
        "price_after_all_discounts_before_tax": order.tally(line.line_type, line.id).net,
        "unfulfilled_original_total": line.unit_price * waiting,
        "unfulfilled_discounted_total": share(gross - off_line, waiting, units),
    }


def order_line_attributes(books: Books) -> Iterator[Row]:
    for order in books.orders.values():
        for line in order.lines:
            for position, (name, value) in enumerate(line.extras.properties):
                yield {
                    "order_line_id": line.id,
                    "position": position,
                    "order_id": order.id,
                    "name": name,
                    "value": value,
                }


def _owners(order: OrderBook) -> Iterator[tuple[str, str, Line | ShippingLine]]:
    """What may be discounted and taxed: how the warehouse calls it, the line type of its sales, and itself."""
    for line in order.lines:
        yield "line", line.line_type, line
    for shipping_line in order.placed.shipping_lines:
        yield "shipping", "SHIPPING", shipping_line


def order_line_discounts(books: Books) -> Iterator[Row]:
    for order in books.orders.values():
        for owner_type, _, owner in _owners(order):
            for position, (index, amount) in enumerate(owner.allocations):
                yield {
                    "owner_type": owner_type,
                    "owner_id": owner.id,
                    "position": position,
                    "order_id": order.id,
                    "application_index": index,
                    **currencies(order),
                    **bags(order, allocated=amount),
                }


def order_taxes(books: Books) -> Iterator[Row]:
    """Duties and additional fees bear no tax."""
    for order in books.orders.values():
        for owner_type, line_type, owner in _owners(order):
            agreed = order.tally(line_type, owner.id).taxes
            for position, tax in enumerate(owner.taxes):
                yield {
                    "owner_type": owner_type,
                    "owner_id": owner.id,
                    "position": position,
                    "order_id": order.id,
                    "title": tax.title,
                    "rate": millionths(tax.rate_ppm),
                    "source": None,
                    "channel_liable": False,
                    **currencies(order),
                    **bags(order, amount=agreed[position]),
                }


def order_duties(books: Books) -> Iterator[Row]:
    for order in books.orders.values():
        for line in order.lines:
            for duty in line.extras.duties:
                yield {
                    "duty_id": duty.id,
                    "order_line_id": line.id,
                    "order_id": order.id,
                    "harmonized_system_code": duty.hs_code,
                    "country_code_of_origin": duty.country,
                    **currencies(order),
                    **bags(order, price=duty.price),
                }


def order_shipping_lines(books: Books) -> Iterator[Row]:
    for order in books.orders.values():
        for line in order.placed.shipping_lines:
            left = order.tally("SHIPPING", line.id)
            prices = {
                "original_price": line.price,
                "discounted_price": line.price - sum(one.amount for one in line.allocations),
                "current_discounted_price": left.net + (left.tax if order.placed.taxes_included else 0),
            }
            yield {
                "shipping_line_id": line.id,
                "order_id": order.id,
                "title": line.title,
                "code": line.code,
                "source": "shopify",
                "carrier_identifier": None,
                "delivery_category": None,
                "is_custom": False,
                "is_removed": False,
                **currencies(order),
                **bags(order, **prices),
            }
