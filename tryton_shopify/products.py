"""Variants: one product each, created once, kept up to date. A product is the same in every company, at its own prices.

Not here: stock. A product's accounts are not used: every document line brings the account it belongs to.
"""

from decimal import Decimal

from trytond.modules.product import round_price
from trytond.pool import Pool
from trytond.transaction import Transaction

from .books import Books
from .companies import home_of
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
                shared = _same_product(product, fresh, books)
                if shared:
                    _price(shared, product)
                    references.add("products", external_id, shared, fingerprint)
                else:
                    fresh.append(product)
            answers.append(answer(external_id, "created"))
        elif references.fingerprint("products", external_id) == fingerprint:
            answers.append(answer(external_id, "unchanged"))
        else:
            with about(external_id):
                record = references.record("products", external_id)
                _update(record, product, books)
                references.add("products", external_id, record, fingerprint)
            answers.append(answer(external_id, "updated"))
    if fresh:
        templates = Template.create([_values(product, books.unit) for product in fresh])
        for product, template in zip(fresh, templates, strict=True):
            references.add("products", product["external_id"], template.products[0], fingerprint_of(product))
    references.flush()
    return answers


def _same_product(product, fresh, books):
    """Return the product that another company's shop already sells under the code, or None when the code is free.

    Raises:
        Refused: A product of this company has it: two variants would share one stock. The constraint would refuse the
            batch without saying whose fault it is.
    """
    taken = Pool().get("product.product").search([("code", "=", product["code"])], limit=1)
    if any(other["code"] == product["code"] for other in fresh) or (taken and not _is_foreign(taken[0], books)):
        raise Refused(f"product code {product['code']} is taken by another product: map this variant to its own code")
    if taken and (taken[0].type == "goods") != product["stocked"]:
        raise Refused(f"product code {product['code']} is stocked in one company and not in the other")
    return taken[0] if taken else None


def _is_foreign(record, books):
    pool = Pool()
    user = pool.get("res.user")(Transaction().user)
    sellers = pool.get("shopify.external").search([("record", "=", str(record))])
    return bool(sellers) and all(home_of(user, seller.shop) != books.company for seller in sellers)


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


def _update(record, product, books):
    pool = Pool()
    Template, Product = pool.get("product.template"), pool.get("product.product")
    if (record.type == "goods") != product["stocked"]:
        raise Refused("whether a product is stocked cannot change once it is booked: give it a new code")
    if record.suffix_code != product["code"]:
        if _same_product(product, [], books):
            raise Refused(f"product code {product['code']} is taken by a product of another company")
        Product.write([record], {"suffix_code": product["code"]})
    Template.write([record.template], {"name": product["name"]})
    _price(record, product)


def _price(record, product):
    """List price and cost are the company's own."""
    pool = Pool()
    pool.get("product.template").write([record.template], {"list_price": round_price(product["list_price"])})
    pool.get("product.product").write([record], {"cost_price": _cost(product)})


def _cost(product):
    return round_price(product["unit_cost"] or Decimal(0))
