"""Deleting for good: orders, products, variants and customers.

Here: what may be deleted, and the event that says so. Not here: what an event takes away (``fold/deletions.py``), and
merging and redacting people (``privacy.py``). Which orders Shopify lets be deleted is assumed (EVIDENCE.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from shopify_sandbox.world.buyer_records import Customer
from shopify_sandbox.world.case import Case, orders_that
from shopify_sandbox.world.entries import Facts, event, stock
from shopify_sandbox.world.figures import figures
from shopify_sandbox.world.goods import Product, Variant
from shopify_sandbox.world.happening import Happening, Scene, on_order, one_that
from shopify_sandbox.world.records import Order
from shopify_sandbox.world.state import State

HOUR, DAY = 3_600, 86_400


def deletion(state: State, kind: str, record_id: int, title: str) -> Facts:
    """What is remembered of a deleted record; ``kind`` is its GraphQL type, the id is that of an event in REST."""
    return {"id": state.minter()("Event"), "kind": kind, "record_id": record_id, "title": title}


def can_delete_order(order: Order) -> bool:
    """Whether no money came in and nothing shipped: it was cancelled, or a test."""
    ended = order.cancelled_at is not None or order.particulars.is_test
    return ended and not order.fulfillments and not order.returns and figures(order).total_received == 0


def delete_order(state: State, at: datetime, order: Order) -> Facts:
    """The event ``order_deleted``; what a test order still promised goes back to the shelf."""
    facts = deletion(state, "Order", order.id, order.name)
    waiting = [(line.id, {"committed": -line.unfulfilled, "available": line.unfulfilled}) for line in order.lines]
    back = stock(state, order, ((line_id, moves) for line_id, moves in waiting if moves["available"]))
    return event("order_deleted", at, order_id=order.id, deletion=facts, stock=back)


def deletable_variants(state: State) -> Iterator[Variant]:
    """Those nobody waits for in exchange, and no bundle is made of; some may still have to be shipped."""
    busy = {component.variant for variant in state.variants.values() for component in variant.components}
    busy.update(row.variant for row in state.exchanges.values())
    for variant in state.variants.values():
        if variant not in busy and not variant.components:
            yield variant


def _single_variants(state: State) -> list[Variant]:
    return [variant for variant in deletable_variants(state) if len(variant.product.variants) > 1]


def _whole_products(state: State) -> list[Product]:
    deletable = set(deletable_variants(state))
    return [
        product
        for product in state.products.values()
        if product.variants and all(variant in deletable for variant in product.variants)
    ]


def holds_nothing(state: State) -> Callable[[Customer], bool]:
    """Whether no gift card and no store credit of a customer would be left without an owner."""
    card_holders = {card.customer for card in state.gift_cards.values()}
    return lambda customer: customer.id not in state.store_credit_of and customer not in card_holders


def _is_stranger(state: State) -> Callable[[Customer], bool]:
    is_free = holds_nothing(state)
    return lambda customer: not customer.orders and is_free(customer)


def _delete_order(scene: Scene, order: Order) -> None:
    scene.record(delete_order(scene.state, scene.clock(), order))


def _delete_variant(scene: Scene, order: Order | None) -> None:
    variant = scene.rng.choice(_single_variants(scene.state))
    facts = {"product_id": variant.product.id, "variant_id": variant.id}
    scene.record(event("variant_deleted", scene.clock(), **facts))


def _delete_product(scene: Scene, order: Order | None) -> None:
    product = scene.rng.choice(_whole_products(scene.state))
    facts = deletion(scene.state, "Product", product.id, product.title)
    scene.record(event("product_deleted", scene.clock(), product_id=product.id, deletion=facts))


def _delete_customer(scene: Scene, order: Order | None) -> None:
    customer = one_that(scene.rng, scene.state.customers, _is_stranger(scene.state))
    if customer:
        facts = deletion(scene.state, "Customer", customer.id, customer.name or "")
        scene.record(event("customer_deleted", scene.clock(), customer_id=customer.id, deletion=facts))


HAPPENINGS = (
    Happening(
        "delete_order",
        "An order that was cancelled before anything was paid is deleted.",
        on_order(_delete_order),
        fits=can_delete_order,
        weight=1,
        chance=0.4,
        delay=(DAY, 20 * DAY),
    ),
    Happening(
        "delete_variant",
        "A variant of a product is deleted.",
        _delete_variant,
        possible=lambda state: bool(_single_variants(state)),
        weight=0.5,
        per_day=0.15,
    ),
    Happening(
        "delete_product",
        "A product is deleted with its variants.",
        _delete_product,
        possible=lambda state: bool(_whole_products(state)),
        weight=0.5,
        per_day=0.3,
    ),
    Happening(
        "delete_customer",
        "A customer without orders is deleted.",
        _delete_customer,
        possible=lambda state: any(map(_is_stranger(state), state.customers.values())),
        weight=0.5,
        per_day=0.35,
    ),
)


def _deleted(kind: str, name: str, what: str) -> Case:
    return Case(name, what, lambda state: len(state.deletions.get(kind, ())))


CASES: tuple[Case, ...] = (
    _deleted("Order", "deleted order", "Its ledger went with it."),
    _deleted("Product", "deleted product", "Lines sold before have no product any more."),
    _deleted("Customer", "deleted or merged customer", "Nobody of that id is left."),
    orders_that(
        "order of a deleted variant",
        "A line has no variant any more.",
        lambda order: any(line.variant is not None and line.variant.is_deleted for line in order.lines),
    ),
)
