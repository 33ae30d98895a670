"""Variants: one product each, created once, kept up to date where no person changed what was written.

A product is the same in every company, at its own prices: the company that came second wrote the prices alone.

Not here: stock. A product's accounts are not used: every document line brings the account it belongs to.
"""

from decimal import Decimal

from trytond.modules.product import round_price
from trytond.pool import Pool
from trytond.transaction import Transaction

from . import masters
from .books import Books
from .companies import home_of
from .references import References, Refused, about, answer, fingerprint_of

PRICES = ("list_price", "unit_cost")


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
                    for field in PRICES:
                        _write(shared, product, field)
                    prices = {field: masters.of_product(product)[field] for field in PRICES}
                    references.add("products", external_id, shared, fingerprint, masters.written(prices))
                else:
                    fresh.append(product)
            answers.append(answer(external_id, "created"))
        elif references.fingerprint("products", external_id) == fingerprint:
            answers.append(answer(external_id, "unchanged"))
        else:
            with about(external_id):
                record = references.record("products", external_id)
                booked = _update(record, product, books, masters.read(references.booked("products", external_id)))
                references.add("products", external_id, record, fingerprint, masters.written(booked))
            answers.append(answer(external_id, "updated"))
    if fresh:
        templates = Template.create([_values(product, books.unit) for product in fresh])
        for product, template in zip(fresh, templates, strict=True):
            booked = masters.written(masters.of_product(product))
            references.add("products", product["external_id"], template.products[0], fingerprint_of(product), booked)
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


def _update(record, product, books, booked):
    """Write every field that still holds what was written before; what a person changed stays.

    Args:
        booked: Digests of what was written before, by field.

    Returns:
        Digests of what is written now.
    """
    if (record.type == "goods") != product["stocked"]:
        raise Refused("whether a product is stocked cannot change once it is booked: give it a new code")
    held = masters.held([str(record)])[str(record)]
    wanted = {field: digest for field, digest in masters.of_product(product).items() if field in booked}
    for field, digest in wanted.items():
        if digest not in held[field] and booked[field] in held[field]:
            if field == "code" and _same_product(product, [], books):
                raise Refused(f"product code {product['code']} is taken by a product of another company")
            _write(record, product, field)
            held[field] = {digest}
    return booked | {field: digest for field, digest in wanted.items() if digest in held[field]}


def _write(record, product, field):
    pool = Pool()
    Template, Product = pool.get("product.template"), pool.get("product.product")
    if field == "name":
        Template.write([record.template], {"name": product["name"]})
    elif field == "code":
        Product.write([record], {"suffix_code": product["code"]})
    elif field == "list_price":
        Template.write([record.template], {"list_price": round_price(product["list_price"])})
    else:
        Product.write([record], {"cost_price": _cost(product)})


def _cost(product):
    return round_price(product["unit_cost"] or Decimal(0))
