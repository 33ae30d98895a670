"""What a warehouse has to hold of what a shop sells: products, options, variants and what bundles are made of.

Here: rows by table. Not here: stock and places (``inventory_rows.py``).
"""

from __future__ import annotations

from collections.abc import Iterator

from shopify_sandbox.truth.cells import Row
from shopify_sandbox.truth.currencies import major
from shopify_sandbox.truth.goods_book import Variant
from shopify_sandbox.truth.holdings import Holdings

#: What the only option of a product is called that has no options.
NO_OPTION = "Title"


def products(held: Holdings) -> Iterator[Row]:
    goods = held.goods
    for product_id, one in goods.products.items():
        handle, status = one.facts["handle"], one.facts["status"]
        is_shown = status in ("ACTIVE", "UNLISTED")
        yield {
            "product_id": product_id,
            **{name: one.facts[name] for name in ("title", "handle", "status", "vendor", "product_type")},
            **dict.fromkeys(("category_id", "category", "seo_title", "seo_description", "template_suffix")),
            "description_html": "",
            "online_store_url": f"https://{goods.shop['domain']}/products/{handle}" if is_shown else None,
            "is_gift_card": False,
            "has_only_default_variant": one.facts["option"] == NO_OPTION,
            "has_bundle_variants": any(goods.variants[variant_id].components for variant_id in one.variants),
            "requires_selling_plan": False,
            "created_at": one.created_at,
            "updated_at": one.updated_at,
            "published_at": one.created_at,
        }


def product_tags(held: Holdings) -> Iterator[Row]:
    for product_id, one in held.goods.products.items():
        for position, tag in enumerate(one.facts["tags"]):
            yield {"product_id": product_id, "position": position, "tag": tag}


def product_options(held: Holdings) -> Iterator[Row]:
    """One option each; it has no id of its own."""
    for product_id, one in held.goods.products.items():
        yield {"product_id": product_id, "option_id": product_id, "name": one.facts["option"], "position": 1}


def product_option_values(held: Holdings) -> Iterator[Row]:
    for product_id, position, one in _variants(held):
        yield {
            "product_id": product_id,
            "option_id": product_id,
            "position": position,
            "option_value_id": one.facts["id"],
            "name": one.facts["title"],
            "has_variants": True,
        }


def variants(held: Holdings) -> Iterator[Row]:
    currency = held.currency
    for product_id, position, one in _variants(held):
        facts, product = one.facts, held.goods.products[product_id]
        yield {
            "variant_id": facts["id"],
            "product_id": product_id,
            "inventory_item_id": one.item["id"],
            **{name: facts[name] for name in ("sku", "barcode", "title")},
            "display_name": f"{product.facts['title']} - {facts['title']}",
            "position": position + 1,
            "price": major(facts["price"], currency),
            "compare_at_price": None if facts["compare_at"] is None else major(facts["compare_at"], currency),
            "inventory_policy": "DENY",
            "is_taxable": facts["taxable"],
            "is_bundle": bool(one.components),
            "created_at": one.created_at,
            "updated_at": one.updated_at,
        }


def variant_options(held: Holdings) -> Iterator[Row]:
    for product_id, _, one in _variants(held):
        yield {
            "variant_id": one.facts["id"],
            "product_id": product_id,
            "position": 0,
            "name": held.goods.products[product_id].facts["option"],
            "value": one.facts["title"],
            "option_value_id": one.facts["id"],
        }


def bundle_components(held: Holdings) -> Iterator[Row]:
    for product_id, _, one in _variants(held):
        for component_id, variant_id, quantity in one.components:
            yield {
                "bundle_component_id": component_id,
                "product_id": product_id,
                "bundle_variant_id": one.facts["id"],
                "component_variant_id": variant_id,
                "quantity": quantity,
            }


def product_metafields(held: Holdings) -> Iterator[Row]:
    for product_id, one in held.goods.products.items():
        yield from one.notes.rows(product_id=product_id)


def _variants(held: Holdings) -> Iterator[tuple[int, int, Variant]]:
    """Product id, place from 0, variant."""
    for product_id, product in held.goods.products.items():
        for position, variant_id in enumerate(product.variants):
            yield product_id, position, held.goods.variants[variant_id]
