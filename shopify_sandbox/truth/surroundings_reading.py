"""What events beside those of orders mean for orders: the shop opens, goods come and go, customers change.

Here: one small function per kind of event that matters. Not here: the orders' own events (``order_reading.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from shopify_sandbox.truth.facts import Facts
from shopify_sandbox.truth.notes_book import Notes

if TYPE_CHECKING:
    from shopify_sandbox.truth.books import Books


class Goods(NamedTuple):
    """What lines say of a variant, even when it is gone."""

    product_id: int
    item_id: int
    grams: int


class Place(NamedTuple):
    name: str
    service: str | None


class Buyer(NamedTuple):
    locale: str
    accepts_marketing: bool


def _open(books: Books, event: Facts) -> None:
    books.shop = event["shop"]
    for location in event["locations"]:
        _add_place(books, location)


def _add_place(books: Books, location: Facts) -> None:
    books.places[location["id"]] = Place(location["name"], location.get("service"))


def _add_goods(books: Books, product_id: int, variants: list[Facts]) -> None:
    for variant in variants:
        item = variant["item"]
        books.goods[variant["id"]] = Goods(product_id, item["id"], item["weight_grams"])


def _create_customer(books: Books, event: Facts) -> None:
    one = event["customer"]
    books.buyers[one["id"]] = Buyer(one["locale"], one["email_state"] == "SUBSCRIBED")


def _change_customer(books: Books, event: Facts) -> None:
    if "email_state" in event:
        buyer = books.buyers[event["customer_id"]]
        books.buyers[event["customer_id"]] = buyer._replace(accepts_marketing=event["email_state"] == "SUBSCRIBED")


def _merge_customers(books: Books, event: Facts) -> None:
    for order in books.orders.values():
        if order.customer_id == event["merged_id"]:
            order.customer_id, order.updated_at = event["customer_id"], event["at"]


def _redact_customer(books: Books, event: Facts) -> None:
    for order_id in event["order_ids"]:
        order = books.orders[order_id]
        order.customer_id, order.updated_at, order.is_redacted = None, event["at"], True


def _choose_forms(books: Books, event: Facts) -> None:
    books.forms = event["forms"]


def _set_metafields(books: Books, event: Facts) -> None:
    if event["owner"] == "Order":
        order = books.orders[event["owner_id"]]
        order.updated_at = event["at"]
        order.notes = order.notes or Notes()
        order.notes.take(event["metafields"], event["at"])


#: What events beside those of orders mean for orders; those that are not here mean nothing.
READINGS: dict[str, Callable[[Books, Facts], None]] = {
    "shop_opened": _open,
    "location_added": lambda books, event: _add_place(books, event["location"]),
    "product_created": lambda books, event: _add_goods(books, event["product"]["id"], event["product"]["variants"]),
    "product_updated": lambda books, event: _add_goods(books, event["product_id"], event.get("added", [])),
    "product_deleted": lambda books, event: books.gone.add(event["product_id"]),
    "variant_deleted": lambda books, event: books.gone.add(event["variant_id"]),
    "customer_created": _create_customer,
    "customer_updated": _change_customer,
    "customers_merged": _merge_customers,
    "customer_redacted": _redact_customer,
    "ledger_forms_chosen": _choose_forms,
    "metafields_set": _set_metafields,
}
