"""How what a shop sells changes: bundles, new variants, codes that are missing or used twice, status and cost.

Here: events about products, variants and their stock items. Not here: the first assortment (``catalog.py``), everyday
prices and tags (``evolution.py``), deletions (``deleting.py``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from random import Random

from shopify_sandbox.world.case import Case
from shopify_sandbox.world.entries import Facts, event
from shopify_sandbox.world.goods import Product, Variant
from shopify_sandbox.world.happening import Happening, Scene
from shopify_sandbox.world.records import Order
from shopify_sandbox.world.state import State

BUNDLES = 24
NOTHING_YET = ("available", "committed", "incoming", "reserved", "damaged", "quality_control", "safety_stock")
STATUSES = ("ARCHIVED", "DRAFT", "UNLISTED", "ACTIVE")
#: A product is a tenth cheaper in a set.
SET_PERCENT = 90


def bundles(state: State, at: datetime, rng: Random) -> Iterator[Facts]:
    """Sets of two or three things each; each event has to be folded before the next is taken."""
    for number in range(1, BUNDLES + 1):
        parts = [(variant, rng.randrange(1, 3)) for variant in rng.sample(state.for_sale(), rng.randrange(2, 4))]
        mint = state.minter()
        price = sum(variant.price * units for variant, units in parts) * SET_PERCENT // 100
        facts = _variant_facts(state, rng, f"SET-{number:03d}", "Default Title", price)
        first = parts[0][0].product
        yield event(
            "product_created",
            at,
            product={
                "id": mint("Product"),
                "title": f"{first.title} Set {number}",
                "handle": f"{first.handle}-set-{number}",
                "status": "ACTIVE",
                "vendor": first.vendor,
                "product_type": "Set",
                "tags": ["set"],
                "option": "Title",
                "variants": [facts],
            },
        )
        components = [[mint("ProductVariantComponent"), variant.id, units] for variant, units in parts]
        yield event("components_set", at, variant_id=facts["id"], components=components)


def _variant_facts(state: State, rng: Random, sku: str, title: str, price: int) -> Facts:
    """A new variant, stocked nowhere yet."""
    mint = state.minter()
    return {
        "id": mint("ProductVariant"),
        "sku": sku,
        "barcode": f"{rng.randrange(10**11, 10**12)}",
        "title": title,
        "price": price,
        "compare_at": None,
        "taxable": True,
        "item": {
            "id": mint("InventoryItem"),
            "unit_cost": price * 45 // 100,
            "weight_grams": rng.randrange(60, 2_600),
            "origin": "US",
            "hs_code": f"{rng.randrange(300_000, 960_000)}",
        },
        "levels": [
            [mint("InventoryLevel"), location.id, dict.fromkeys(NOTHING_YET, 0)]
            for location in state.locations.values()
            if location.is_active and not location.service
        ],
    }


def _with_options(state: State) -> list[Product]:
    return [product for product in state.products.values() if product.option != "Title" and product.variants]


def _add_variant(scene: Scene, order: Order | None) -> None:
    """A product is made in one more size or style."""
    product = scene.rng.choice(_with_options(scene.state))
    like = product.variants[-1]
    title = f"New {len(product.variants) + 1}-{scene.rng.randrange(100, 1_000)}"
    sku = f"{like.sku or 'NEW'}-{scene.rng.randrange(100, 1_000)}"
    added = _variant_facts(scene.state, scene.rng, sku, title, like.price)
    scene.record(event("product_updated", scene.clock(), product_id=product.id, added=[added]))


def _change_sku(scene: Scene, order: Order | None) -> None:
    """A variant loses its SKU, or gets that of another."""
    variant = scene.rng.choice(_plain_variants(scene.state))
    other = scene.rng.choice(_plain_variants(scene.state))
    sku = None if scene.rng.random() < 0.5 else other.sku
    product_id = variant.product.id
    scene.record(event("product_updated", scene.clock(), product_id=product_id, skus=[[variant.id, sku]]))


def _plain_variants(state: State) -> list[Variant]:
    return [variant for variant in state.variants.values() if not variant.components]


def _change_status(scene: Scene, order: Order | None) -> None:
    """A product is archived, unlisted, made a draft or active again; most products stay active."""
    state, rng = scene.state, scene.rng
    resting = [product for product in state.products.values() if product.status != "ACTIVE"]
    if 4 * len(resting) > len(state.products):
        product, status = rng.choice(resting), "ACTIVE"
    else:
        product, status = rng.choice(_active(state)), rng.choice(STATUSES[:3])
    scene.record(event("product_updated", scene.clock(), product_id=product.id, status=status))


def _active(state: State) -> list[Product]:
    return [product for product in state.products.values() if product.status == "ACTIVE"]


def _change_cost(scene: Scene, order: Order | None) -> None:
    """What an item costs the shop; neither its variant's stamp nor its levels' move."""
    item = scene.rng.choice(list(scene.state.items.values()))
    cost = max(1, item.unit_cost * scene.rng.choice((93, 97, 104, 110)) // 100)
    scene.record(event("item_changed", scene.clock(), item_id=item.id, unit_cost=cost))


def _stop_tracking(scene: Scene, order: Order | None) -> None:
    """Nobody looks at the stock of an item any more; its quantities are kept all the same (assumed)."""
    tracked = [item for item in scene.state.items.values() if item.tracked]
    scene.record(event("item_changed", scene.clock(), item_id=scene.rng.choice(tracked).id, tracked=False))


def _may_stop_tracking(state: State) -> bool:
    untracked = sum(not item.tracked for item in state.items.values())
    return 4 * untracked < len(state.items)


def _repeated_skus(state: State) -> int:
    counts = Counter(variant.sku for variant in state.variants.values() if variant.sku)
    return sum(count for count in counts.values() if count > 1)


def _has_goods(state: State) -> bool:
    return bool(_with_options(state)) and bool(_active(state))


HAPPENINGS = (
    Happening("add_variant", "A product gets one more variant.", _add_variant, possible=_has_goods, per_day=0.3),
    Happening(
        "change_sku", "A variant loses its SKU or gets another's.", _change_sku, possible=_has_goods, per_day=0.8
    ),
    Happening(
        "change_status",
        "A product is archived, unlisted, drafted or active again.",
        _change_status,
        possible=_has_goods,
        per_day=0.6,
    ),
    Happening("change_cost", "An item's unit cost changes.", _change_cost, possible=_has_goods, weight=2, per_day=1.0),
    Happening(
        "stop_tracking",
        "The stock of an item is no longer tracked.",
        _stop_tracking,
        possible=_may_stop_tracking,
        weight=0.5,
        per_day=0.4,
    ),
)

CASES: tuple[Case, ...] = (
    Case(
        "variant made of components",
        "A variant that is sold as its components.",
        lambda state: sum(bool(variant.components) for variant in state.variants.values()),
    ),
    Case(
        "variant without SKU",
        "Nothing to match it by.",
        lambda state: sum(not variant.sku for variant in state.variants.values()),
    ),
    Case("variant whose SKU another has", "The SKU names two things.", _repeated_skus),
    Case(
        "product not active",
        "Archived, unlisted or a draft.",
        lambda state: sum(product.status != "ACTIVE" for product in state.products.values()),
    ),
    Case(
        "item changed after its variant",
        "Its stamp is younger than the variant's.",
        lambda state: sum(item.updated_at > item.variant.updated_at for item in state.items.values()),
    ),
    Case(
        "item not tracked",
        "Its quantities mean nothing.",
        lambda state: sum(not item.tracked for item in state.items.values()),
    ),
    Case(
        "variant added later",
        "Younger than its product.",
        lambda state: sum(one.created_at > one.product.created_at for one in state.variants.values()),
    ),
)
