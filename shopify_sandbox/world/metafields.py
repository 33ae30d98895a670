"""Metafields: what merchants and apps note on orders, customers, products and variants.

Here: setting them; the owner's stamp moves (assumed). Not here: how they are shown (``resources/metafields.py``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from random import Random

from shopify_sandbox.world.buyer_records import Customer
from shopify_sandbox.world.case import Case
from shopify_sandbox.world.entries import Facts, event
from shopify_sandbox.world.goods import Product, Variant
from shopify_sandbox.world.happening import Happening, Scene, on_order
from shopify_sandbox.world.records import Order
from shopify_sandbox.world.state import State

Owner = Order | Customer | Product | Variant
#: By owner: namespace, key, type.
FIELDS: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "Order": (
        ("custom", "gift_message", "multi_line_text_field"),
        ("erp", "document_number", "single_line_text_field"),
    ),
    "Customer": (
        ("custom", "birthday", "date"),
        ("erp", "credit_limit", "number_decimal"),
        ("custom", "vip", "boolean"),
    ),
    "Product": (("custom", "material", "single_line_text_field"), ("custom", "care", "json")),
    "ProductVariant": (("erp", "pack_size", "number_integer"), ("custom", "launched_at", "date_time")),
}


def set_metafield(state: State, at: datetime, rng: Random, kind: str, owner: Owner) -> Facts:
    """The event ``metafields_set``: one of the owner's fields gets a value, or another one."""
    namespace, key, type_ = rng.choice(FIELDS[kind])
    before = next((one for one in owner.metafields if (one.namespace, one.key) == (namespace, key)), None)
    row_id = before.id if before else state.minter()("Metafield")
    row = [row_id, namespace, key, type_, _value(rng, type_)]
    return event("metafields_set", at, owner=kind, owner_id=owner.id, metafields=[row])


def _value(rng: Random, type_: str) -> str:
    number = rng.randrange(1, 1_000)
    return {
        "multi_line_text_field": f"Happy birthday!\nFrom number {number} 🎂",
        "single_line_text_field": f"D-{number:05d}",
        "date": f"19{number % 50 + 50}-{number % 12 + 1:02d}-{number % 28 + 1:02d}",
        "number_decimal": f"{number}.50",
        "number_integer": str(number),
        "boolean": "true" if number % 2 else "false",
        "json": json.dumps({"wash": number % 90, "iron": number % 2 == 0}, separators=(",", ":")),
        "date_time": f"2026-0{number % 9 + 1}-{number % 28 + 1:02d}T08:00:00+00:00",
    }[type_]


def _note_on_order(scene: Scene, order: Order) -> None:
    scene.record(set_metafield(scene.state, scene.clock(), scene.rng, "Order", order))


def _note(scene: Scene, order: Order | None) -> None:
    """A note on a customer, a product or a variant."""
    state, rng = scene.state, scene.rng
    owners: Mapping[str, Mapping[int, Owner]] = {
        "Customer": state.customers,
        "Product": state.products,
        "ProductVariant": state.variants,
    }
    kind = rng.choice([kind for kind, found in owners.items() if found])
    scene.record(set_metafield(state, scene.clock(), rng, kind, rng.choice(list(owners[kind].values()))))


HAPPENINGS = (
    Happening(
        "order_metafield",
        "An app notes something on an order.",
        on_order(_note_on_order),
        fits=lambda order: True,
        weight=2,
        chance=0.04,
    ),
    Happening(
        "metafield",
        "An app notes something on a customer, a product or a variant.",
        _note,
        possible=lambda state: bool(state.products),
        weight=2,
        per_day=1.2,
    ),
)


def _owners(state: State) -> int:
    records: tuple[Owner, ...] = (*state.customers.values(), *state.products.values(), *state.variants.values())
    return sum(bool(one.metafields) for one in records)


CASES: tuple[Case, ...] = (
    Case(
        "order with metafields",
        "An app noted something on it.",
        lambda state: sum(bool(order.metafields) for order in state.orders.values()),
    ),
    Case("customer, product or variant with metafields", "An app noted something on it.", _owners),
)
