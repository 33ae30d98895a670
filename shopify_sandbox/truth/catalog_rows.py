"""What a warehouse has to hold beside orders: customers, products, stock, locations.

Here: rows by table. Not here: anything of an order, but what customers spent follows from their orders.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from shopify_sandbox.truth.books import Books
from shopify_sandbox.truth.cells import Row, address, money


def customers(books: Books) -> Iterator[Row]:
    placed: Counter[int] = Counter()
    spent: Counter[int] = Counter()
    for order in books.orders.values():
        customer_id = order.placed["customer_id"]
        placed[customer_id] += 1
        spent[customer_id] += order.paid("SALE", "CAPTURE") - order.paid("REFUND")
    for customer_id, one in books.customers.items():
        yield {
            "customer_id": customer_id,
            **{name: one[name] for name in ("first_name", "last_name", "email", "phone", "state", "locale")},
            "display_name": f"{one['first_name']} {one['last_name']}",
            "email_marketing_state": one["email_state"],
            "is_tax_exempt": one["tax_exempt"],
            "is_email_verified": one["verified"],
            "order_count": placed[customer_id],
            "currency": books.shop["currency"],
            "amount_spent": money(spent[customer_id]),
            "created_at": one["created_at"],
            "updated_at": one["updated_at"],
        }


def customer_addresses(books: Books) -> Iterator[Row]:
    for customer_id, customer in books.customers.items():
        for one in customer["addresses"]:
            yield {"customer_id": customer_id, "address_id": one["id"], **address(one)}


def products(books: Books) -> Iterator[Row]:
    names = ("title", "handle", "status", "vendor", "product_type", "created_at", "updated_at")
    for product_id, one in books.products.items():
        facts = {name: one[name] for name in names}
        yield {"product_id": product_id, **facts, "published_at": one["created_at"]}


def product_tags(books: Books) -> Iterator[Row]:
    for product_id, one in books.products.items():
        for position, tag in enumerate(one["tags"]):
            yield {"product_id": product_id, "position": position, "tag": tag}


def variants(books: Books) -> Iterator[Row]:
    for product_id, product in books.products.items():
        for position, one in enumerate(product["variants"].values(), start=1):
            yield {
                "variant_id": one["id"],
                "product_id": product_id,
                "inventory_item_id": one["item"]["id"],
                **{name: one[name] for name in ("sku", "barcode", "title", "created_at", "updated_at")},
                "display_name": f"{product['title']} - {one['title']}",
                "position": position,
                "price": money(one["price"]),
                "compare_at_price": None if one["compare_at"] is None else money(one["compare_at"]),
                "inventory_policy": "DENY",
                "is_taxable": one["taxable"],
            }


def inventory_items(books: Books) -> Iterator[Row]:
    for product in books.products.values():
        for one in product["variants"].values():
            yield {
                "inventory_item_id": one["item"]["id"],
                "sku": one["sku"],
                "is_tracked": True,
                "requires_shipping": True,
                "cost_currency": books.shop["currency"],
                "unit_cost": money(one["item"]["unit_cost"]),
                "created_at": product["created_at"],
                "updated_at": product["created_at"],
            }


def inventory_levels(books: Books) -> Iterator[Row]:
    for level in books.levels.values():
        here = {name: units for name, units in level.quantities.items() if name != "incoming"}
        yield {
            "inventory_level_id": level.id,
            "inventory_item_id": level.item_id,
            "location_id": level.location_id,
            "is_active": True,
            "on_hand": sum(here.values()),
            **level.quantities,
            "created_at": level.created_at,
            "updated_at": level.updated_at,
        }


def locations(books: Books) -> Iterator[Row]:
    for location_id, one in books.locations.items():
        yield {
            "location_id": location_id,
            **{name: one[name] for name in ("name", "city", "province_code")},
            "is_active": True,
            "fulfills_online_orders": True,
            "country_code": "US",
            "created_at": books.opened_at,
            "updated_at": books.opened_at,
        }
