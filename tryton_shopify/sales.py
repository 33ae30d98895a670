"""One sale per order: who ordered what to be sent. It is invoiced by hand only, because documents come from agreements.

Not here: the shipments themselves (``stock.py``) and any amount that is owed (``documents.py``).
"""

from decimal import Decimal

from trytond.modules.product import round_price
from trytond.pool import Pool

from .references import Refused, about
from .stock import is_to_undo, return_key


def place(references, books, orders):
    """Create, quote and confirm the sales of new orders. An order without goods has a sale without lines."""
    Sale = Pool().get("sale.sale")
    fresh = [order for order in orders if not references.known("orders", order["external_id"])]
    if not fresh:
        return
    shop = _web_shop(references.shop, books)
    values = []
    for order in fresh:
        with about(order["external_id"]):
            values.append(_sale(references, books, order, shop))
    sales = Sale.create(values)
    Sale.quote(sales)
    Sale.confirm(sales)
    for order, sale in zip(fresh, sales, strict=True):
        references.add("orders", order["external_id"], sale, order["fingerprint"])


def reshape(references, books, orders):
    """Bring the lines of known orders to what is owed now, and take back what was planned but has not left.

    Tryton plans the rest again when the sale is processed at the end of the push.
    """
    pool = Pool()
    Amendment, Line, Sale = map(pool.get, ("sale.amendment", "sale.line", "sale.sale"))
    stale, changed, new = [], [], []
    for order in orders:
        if not references.known("orders", order["external_id"]):
            continue
        sale = references.record("orders", order["external_id"])
        references.add("orders", order["external_id"], sale, order["fingerprint"])
        with about(order["external_id"]):
            changes, additions = _edits(references, books, order, sale)
        changed += changes
        new += [(sale, values) for values in additions]
        if changes or additions or _moves_units(references, order):
            stale.append(sale)
    if stale:
        Amendment._clear_sale(stale)
    if changed:
        Line.write(*changed)
    if new:
        # Tryton adds lines to drafts only; what has left or was posted stays linked to the lines it came from.
        sales = list({sale for sale, _ in new})
        Sale.write(sales, {"state": "draft"})
        Line.create([{"sale": sale.id, **values} for sale, values in new])
        Sale.write(sales, {"state": "processing"})


def _moves_units(references, order):
    return any(
        not references.known(resource, source["external_id"])
        for resource in ("shipments", "restocks")
        for source in order[resource]
    ) or any(is_to_undo(references, source) for source in order["shipments"])


def _edits(references, books, order, sale):
    """Compare the sale's lines with what is owed: ([[line], values, …], [values of new lines])."""
    have = {line.shopify_id: line for line in sale.lines}
    owed = {line["external_id"]: line for line in order["lines"]}
    changed = []
    for key, line in have.items():
        if line.quantity < 0:
            continue
        quantity = float(owed[key]["quantity"]) if key in owed else 0.0
        if line.quantity != quantity:
            changed += [[line], {"quantity": quantity}]
    new = [_line(references, books, order, line) for key, line in owed.items() if key not in have and line["quantity"]]
    return changed, new + [values for values in _returns(references, books, order) if values["shopify_id"] not in have]


def _sale(references, books, order, shop):
    party = references.record("parties", order["party"])
    address = party.addresses[0] if party.addresses else None
    if address is None:
        raise Refused(f"party {order['party']} has no address: add one in the back office")
    lines = [_line(references, books, order, line) for line in order["lines"] if line["quantity"]]
    return {
        "company": books.company.id,
        "currency": books.currency.id,
        "party": party.id,
        "invoice_address": address.id,
        "shipment_address": address.id,
        "payment_term": None,
        "web_shop": shop.id,
        "web_id": order["external_id"],
        "reference": order["name"],
        "sale_date": order["on"],
        "warehouse": books.warehouse(order["warehouse"]).id,
        "invoice_method": "manual",
        "shipment_method": "order",
        "lines": [("create", lines + _returns(references, books, order))],
    }


def _line(references, books, order, line):
    product = references.record("products", line["product"])
    if product is None:
        raise Refused(f"unknown product {line['product']}: push it first")
    return {
        "type": "line",
        "product": product.id,
        "quantity": float(line["quantity"]),
        "unit": books.unit.id,
        "unit_price": _price(order, line["external_id"]),
        "description": line["title"],
        "shopify_id": line["external_id"],
    }


def _returns(references, books, order):
    """Values of the negative lines that stand for restocked units that are not booked yet."""
    owed = {line["external_id"]: line for line in order["lines"]}
    values = []
    for restock in order["restocks"]:
        if references.known("restocks", restock["external_id"]):
            continue
        for units in restock["units"]:
            if units["order_line"] not in owed:
                raise Refused(f"{restock['external_id']} restocks {units['order_line']}, which is not in the order")
            line = _line(references, books, order, owed[units["order_line"]])
            values.append({**line, "quantity": -float(units["quantity"]), "shopify_id": return_key(restock, units)})
    return values


def _price(order, order_line):
    """The net unit price the line was first sold for; for people to read, no document is made from it."""
    for document in order["documents"]:
        for line in document["lines"]:
            if line["order_line"] == order_line and (line["quantity"] or 0) > 0:
                return round_price(line["net"] / Decimal(line["quantity"]))
    return Decimal(0)


def _web_shop(key, books):
    Shop = Pool().get("web.shop")
    shops = Shop.search([("name", "=", key), ("company", "=", books.company.id)], limit=1)
    if shops:
        return shops[0]
    return Shop.create([{"name": key, "company": books.company.id, "currency": books.currency.id}])[0]
