"""Where queries begin: root connections with their sorting and filters, and single objects by id.

Here: what ``orders(query:, sortKey:)`` and its kin can filter and sort by. Not here: the search grammar and paging.
Getters give comparable Python values: aware datetimes, whole ids, Decimals, text or lists of text, booleans.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from operator import attrgetter
from typing import Any

from shopify_sandbox.resources import fulfillment_orders
from shopify_sandbox.resources.values import Resolver
from shopify_sandbox.store import Store
from shopify_sandbox.world.figures import figures, financial_status, fulfillment_status
from shopify_sandbox.world.goods import Variant
from shopify_sandbox.world.records import Order

Getter = Callable[[Any], Any]
Filters = dict[str, tuple[str, Getter]]


@dataclass(frozen=True)
class Root:
    """A root connection.

    Attributes:
        type: GraphQL type of its nodes.
        records: All of them, in no promised order.
        default_sort: Key of ``sort_keys`` used when the query names none.
        filters: By search field: kind (time, id, text, bool, number) and getter.
    """

    type: str
    records: Callable[[Store], Sequence[Any]]
    default_sort: str
    sort_keys: dict[str, Getter]
    filters: Filters


def _status(order: Order) -> list[str]:
    """Values of the ``status`` filter the order answers to."""
    if order.cancelled_at:
        return ["cancelled"]
    return ["closed"] if order.closed_at else ["open", "not_closed"]


def _total(order: Order) -> Decimal:
    return Decimal(figures(order).current_total_price) / 100


def _stock(variant: Variant) -> int:
    return sum(level.quantities["available"] for level in variant.item.levels)


def _skus(order: Order) -> list[str]:
    return [line.sku for line in order.lines if line.sku]


def _sorts(*names: str) -> dict[str, Getter]:
    """Sort keys that are named as the attribute is, in capitals."""
    return {name.upper(): attrgetter(name) for name in names}


def _texts(*names: str) -> Filters:
    """Text filters that are named as the attribute is."""
    return {name: ("text", attrgetter(name)) for name in names}


IDENTITY: Filters = {"id": ("id", attrgetter("id"))}
UPDATED: Filters = {"updated_at": ("time", attrgetter("updated_at"))}
CREATED: Filters = {"created_at": ("time", attrgetter("created_at"))}

ORDERS = Root(
    type="Order",
    records=lambda store: list(store.state.orders.values()),
    default_sort="PROCESSED_AT",
    sort_keys={
        **_sorts("id", "created_at", "processed_at", "updated_at"),
        "ORDER_NUMBER": attrgetter("number"),
        "CURRENT_TOTAL_PRICE": _total,
        "TOTAL_PRICE": lambda order: Decimal(figures(order).total_price) / 100,
        "FINANCIAL_STATUS": financial_status,
        "FULFILLMENT_STATUS": fulfillment_status,
    },
    filters={
        **IDENTITY,
        **UPDATED,
        **CREATED,
        "processed_at": ("time", attrgetter("processed_at")),
        **_texts("name", "email", "source_name"),
        "tag": ("text", attrgetter("tags")),
        "sku": ("text", _skus),
        "confirmation_number": ("text", attrgetter("confirmation")),
        "financial_status": ("text", financial_status),
        "fulfillment_status": ("text", fulfillment_status),
        "status": ("text", _status),
        "gateway": ("text", lambda order: [one.gateway for one in order.transactions]),
        "customer_id": ("id", lambda order: order.customer.id if order.customer else None),
        "current_total_price": ("number", _total),
        "test": ("bool", lambda order: False),
    },
)

CUSTOMERS = Root(
    type="Customer",
    records=lambda store: list(store.state.customers.values()),
    default_sort="ID",
    sort_keys={
        **_sorts("id", "created_at", "updated_at"),
        "NAME": lambda customer: (customer.last_name or "", customer.first_name or ""),
    },
    filters={
        **IDENTITY,
        **UPDATED,
        "customer_date": ("time", attrgetter("created_at")),
        **_texts("email", "phone", "first_name", "last_name", "state"),
        "tag": ("text", attrgetter("tags")),
        "orders_count": ("number", lambda customer: Decimal(len(customer.orders))),
    },
)

PRODUCTS = Root(
    type="Product",
    records=lambda store: list(store.state.products.values()),
    default_sort="ID",
    sort_keys={
        **_sorts("id", "created_at", "updated_at", "published_at", "title", "vendor", "product_type"),
        "INVENTORY_TOTAL": lambda product: sum(map(_stock, product.variants)),
    },
    filters={
        **IDENTITY,
        **UPDATED,
        **CREATED,
        **_texts("title", "handle", "status", "vendor", "product_type"),
        "tag": ("text", attrgetter("tags")),
        "sku": ("text", lambda product: [variant.sku for variant in product.variants]),
    },
)

PRODUCT_VARIANTS = Root(
    type="ProductVariant",
    records=lambda store: list(store.state.variants.values()),
    default_sort="ID",
    sort_keys={
        **_sorts("id", "sku", "title", "position"),
        "INVENTORY_QUANTITY": _stock,
    },
    filters={
        **IDENTITY,
        **UPDATED,
        **_texts("sku", "barcode", "title"),
        "product_id": ("id", attrgetter("product.id")),
    },
)

INVENTORY_ITEMS = Root(
    type="InventoryItem",
    records=lambda store: list(store.state.items.values()),
    default_sort="ID",
    sort_keys=_sorts("id"),
    filters={**IDENTITY, **UPDATED, **CREATED, "sku": ("text", attrgetter("variant.sku"))},
)

LOCATIONS = Root(
    type="Location",
    records=lambda store: list(store.state.locations.values()),
    default_sort="NAME",
    sort_keys=_sorts("name", "id"),
    filters={
        **IDENTITY,
        **CREATED,
        **_texts("name", "address1", "city", "province", "zip"),
        "active": ("bool", attrgetter("is_active")),
    },
)

FULFILLMENT_ORDERS = Root(
    type="FulfillmentOrder",
    records=lambda store: fulfillment_orders.of_all(store.state.orders),
    default_sort="ID",
    sort_keys=_sorts("id", "updated_at"),
    filters={
        **IDENTITY,
        **UPDATED,
        **_texts("status"),
        "assigned_location_id": ("id", attrgetter("location.id")),
    },
)

ROOTS: dict[str, Root] = {
    "orders": ORDERS,
    "customers": CUSTOMERS,
    "products": PRODUCTS,
    "productVariants": PRODUCT_VARIANTS,
    "inventoryItems": INVENTORY_ITEMS,
    "locations": LOCATIONS,
    "fulfillmentOrders": FULFILLMENT_ORDERS,
}
#: By root, whether a record is shown under the arguments that are the root's own.
NARROWED: dict[str, Callable[[Any, Mapping[str, Any]], bool]] = {
    "fulfillmentOrders": fulfillment_orders.is_shown,
    "locations": lambda location, arguments: location.is_active or bool(arguments.get("includeInactive")),
}

LEVELS: Filters = {
    **IDENTITY,
    **UPDATED,
    **CREATED,
    "inventory_item_id": ("id", attrgetter("item.id")),
}
NESTED_FILTERS: dict[tuple[str, str], Filters] = {
    ("Location", "inventoryLevels"): LEVELS,
    ("InventoryItem", "inventoryLevels"): LEVELS,
    ("Customer", "orders"): ORDERS.filters,
    ("Order", "fulfillmentOrders"): FULFILLMENT_ORDERS.filters,
}


def by_id(kind: str) -> Resolver:
    """The record of that kind the argument ``id`` names; null when there is none."""
    prefix = f"gid://shopify/{kind}/"

    def resolve(store: Store, record: Any, arguments: Mapping[str, Any]) -> Any:
        wanted = arguments["id"]
        return store.node(wanted) if wanted.startswith(prefix) else None

    return resolve


def _location(store: Store, record: Any, arguments: Mapping[str, Any]) -> Any:
    """The named location, or the first one when none is named."""
    if arguments.get("id"):
        return by_id("Location")(store, record, arguments)
    return next(iter(store.state.locations.values()))


ROOT_OBJECTS: dict[str, Resolver] = {
    "shop": lambda store, record, arguments: store.shop,
    "location": _location,
    "order": by_id("Order"),
    "customer": by_id("Customer"),
    "product": by_id("Product"),
    "productVariant": by_id("ProductVariant"),
    "inventoryItem": by_id("InventoryItem"),
    "inventoryLevel": by_id("InventoryLevel"),
    "refund": by_id("Refund"),
    "return": by_id("Return"),
    "reverseFulfillmentOrder": by_id("ReverseFulfillmentOrder"),
    "fulfillment": by_id("Fulfillment"),
    "fulfillmentOrder": by_id("FulfillmentOrder"),
}
