"""What events take away: orders, products, variants and customers; and what redaction leaves of a customer.

Here: one small function per event. Lines keep what they were sold as; the variant behind them says it is deleted.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from shopify_sandbox.world.buyer_records import Address, Customer
from shopify_sandbox.world.fold.events import Event, Fold
from shopify_sandbox.world.fold.orders import touch
from shopify_sandbox.world.goods import Record, Variant
from shopify_sandbox.world.records import Deletion
from shopify_sandbox.world.state import FIRST_IDS, State

#: Single records that belong to the one that refers to them, beside those in its lists.
OWNED = ("billing", "shipping", "particulars", "hold")


def _remember(state: State, event: Event, at: datetime) -> None:
    facts = event["deletion"]
    deletion = Deletion(facts["id"], facts["kind"], facts["record_id"], facts["title"], at)
    state.deletions.setdefault(deletion.kind, []).append(deletion)
    state.seen("Event", deletion.id)


def _forget(state: State, record: Record) -> None:
    """Make a record and all that belongs to it unfindable."""
    for one in (record, *_belongings(record)):
        number = getattr(one, "id", None)
        if isinstance(number, int):
            for kind in FIRST_IDS:
                if state.others.get((kind, number)) is one:
                    del state.others[kind, number]


def _belongings(record: Record) -> Iterator[Record]:
    for name in getattr(type(record), "__slots__", ()):
        value = getattr(record, name)
        owned = value if isinstance(value, list | tuple) else [value] if name in OWNED else ()
        for one in owned:
            if isinstance(one, Record):
                yield one
                yield from _belongings(one)


def _order_deleted(state: State, event: Event, at: datetime) -> None:
    order = state.orders.pop(event["order_id"])
    for line in order.lines:
        del state.lines[line.id]
    _forget(state, order)
    if order.customer:
        order.customer.orders.remove(order)
        order.customer.updated_at = at
    _remember(state, event, at)


def _variant_deleted(state: State, event: Event, at: datetime) -> None:
    variant = state.variants[event["variant_id"]]
    _drop_variant(state, variant)
    product = variant.product
    product.variants.remove(variant)
    for position, left in enumerate(product.variants, start=1):
        left.position = position
    product.updated_at = at


def _drop_variant(state: State, variant: Variant) -> None:
    variant.is_deleted = True
    del state.variants[variant.id], state.items[variant.item.id]
    state.assortment_changed()
    for level in variant.item.levels:
        level.location.levels.remove(level)
        del state.levels[level.id]
    _forget(state, variant)


def _product_deleted(state: State, event: Event, at: datetime) -> None:
    product = state.products.pop(event["product_id"])
    product.is_deleted = True
    for variant in product.variants:
        _drop_variant(state, variant)
    _forget(state, product)
    _remember(state, event, at)


def _customer_deleted(state: State, event: Event, at: datetime) -> None:
    _forget(state, state.customers.pop(event["customer_id"]))
    _remember(state, event, at)


def _customers_merged(state: State, event: Event, at: datetime) -> None:
    kept, merged = state.customers[event["customer_id"]], state.customers.pop(event["merged_id"])
    for order in merged.orders:
        order.customer = kept
        touch(order, at)
    kept.orders = sorted([*kept.orders, *merged.orders], key=lambda order: order.id)
    kept.addresses = [*kept.addresses, *merged.addresses]
    kept.tags = sorted({*kept.tags, *merged.tags})
    kept.updated_at = at
    merged.addresses, merged.orders = [], []
    _forget(state, merged)
    _remember(state, event, at)


def _customer_redacted(state: State, event: Event, at: datetime) -> None:
    customer = state.customers[event["customer_id"]]
    for order_id in event["order_ids"]:
        order = state.orders[order_id]
        order.email = order.phone = order.note = order.customer = None
        for address in (order.billing, order.shipping):
            _blank(address)
        touch(order, at)
    _forget_person(state, customer)
    customer.is_redacted, customer.updated_at = True, at


def _blank(address: Address | None) -> None:
    """Only where in the country it was stays."""
    if address:
        address.first_name = address.last_name = address.company = None
        address.address1 = address.address2 = address.zip = address.phone = None


def _forget_person(state: State, customer: Customer) -> None:
    for address in customer.addresses:
        _forget(state, address)
    customer.first_name = customer.last_name = customer.email = customer.phone = customer.note = None
    customer.addresses, customer.orders, customer.tags = [], [], []


FOLDS: dict[str, Fold] = {
    "order_deleted": _order_deleted,
    "variant_deleted": _variant_deleted,
    "product_deleted": _product_deleted,
    "customer_deleted": _customer_deleted,
    "customers_merged": _customers_merged,
    "customer_redacted": _customer_redacted,
}
