"""Variants: one product each, created once, kept up to date.

Not here: stock. A product's accounts are not used: every document line brings the account it belongs to.
"""

from decimal import Decimal

from trytond.modules.product import round_price
from trytond.pool import Pool

from .books import Books
from .references import References, Refused, about, answer, fingerprint_of


def push(shop, batch):
    """Create the unknown products and update the changed ones; return one answer per product, in the order given."""
    books = Books()
    Template = Pool().get("product.template")
    references = References(shop, [("products", product["external_id"]) for product in batch])
    answers, fresh = [], []
    for product in batch:
        external_id, fingerprint = product["external_id"], fingerprint_of(product)
        if not references.known("products", external_id):
            with about(external_id):
                _check_code(product, fresh)
            fresh.append(product)
            answers.append(answer(external_id, "created"))
        elif references.fingerprint("products", external_id) == fingerprint:
            answers.append(answer(external_id, "unchanged"))
        else:
            with about(external_id):
                record = references.record("products", external_id)
                _update(record, product)
                references.add("products", external_id, record, fingerprint)
            answers.append(answer(external_id, "updated"))
    if fresh:
        templates = Template.create([_values(product, books.unit) for product in fresh])
        for product, template in zip(fresh, templates, strict=True):
            references.add("products", product["external_id"], template.products[0], fingerprint_of(product))
    references.flush()
    return answers


def _check_code(product, fresh):
    """Refuse a code another product has: the constraint would refuse the batch without saying whose fault it is."""
    Product = Pool().get("product.product")
    taken = Product.search([("code", "=", product["code"])], limit=1)
    if taken or any(other["code"] == product["code"] for other in fresh):
        raise Refused(f"product code {product['code']} is taken by another product: map this variant to its own code")


def _values(product, unit):
    return {
        "name": product["name"],
        "type": "goods" if product["stocked"] else "service",
        "default_uom": unit.id,
        "list_price": round_price(product["list_price"]),
        "cost_price_method": "fixed",
        "salable": True,
        "sale_uom": unit.id,
        "products": [("create", [{"suffix_code": product["code"], "cost_price": _cost(product)}])],
    }


def _update(record, product):
    pool = Pool()
    Template, Product = pool.get("product.template"), pool.get("product.product")
    if (record.type == "goods") != product["stocked"]:
        raise Refused("whether a product is stocked cannot change once it is booked: give it a new code")
    Template.write([record.template], {"name": product["name"], "list_price": round_price(product["list_price"])})
    if record.suffix_code != product["code"]:
        _check_code(product, [])
    Product.write([record], {"suffix_code": product["code"], "cost_price": _cost(product)})


def _cost(product):
    return round_price(product["unit_cost"] or Decimal(0))
