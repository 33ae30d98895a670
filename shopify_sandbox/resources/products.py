"""The GraphQL view of what the shop sells: products and their variants.

Here: what a product page shows. Not here: stock (``catalog.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from shopify_sandbox.resources.metafields import OWNED
from shopify_sandbox.resources.values import (
    Fields,
    attribute,
    attributes,
    derived,
    first,
    fixed,
    identity,
    itself,
    moment,
    never,
    only_id,
    shop_money_text,
)
from shopify_sandbox.store import Store
from shopify_sandbox.world.goods import Product, Variant


@dataclass(frozen=True, slots=True)
class Range:
    """The lowest and the highest of some prices, minor units."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class PricePair:
    """A variant's prices in one currency, minor units."""

    GRAPHQL_TYPE = "ProductVariantPricePair"
    price: int
    compare_at: int | None


def _range(prices: list[int]) -> Range | None:
    return Range(min(prices), max(prices)) if prices else None


def _compared(product: Product) -> Range | None:
    return _range([variant.compare_at for variant in product.variants if variant.compare_at is not None])


def _page(store: Store, product: Product, arguments: Mapping[str, Any]) -> str | None:
    return (
        f"https://{store.shop.domain}/products/{product.handle}" if product.status in ("ACTIVE", "UNLISTED") else None
    )


def _preview(store: Store, product: Product, arguments: Mapping[str, Any]) -> str:
    key = sha256(f"{store.shop.domain}/{product.id}".encode()).hexdigest()[:32]
    return f"https://{store.shop.domain}/products_preview?preview_key={key}"


def _available(variant: Variant) -> int:
    return sum(level.quantities["available"] for level in variant.item.levels)


def _has_default_variant(product: Product) -> bool:
    return product.option == "Title"


PRODUCT: Fields = {
    **identity("Product"),
    **OWNED,
    **attributes(
        title="title",
        handle="handle",
        status="status",
        vendor="vendor",
        productType="product_type",
        tags="tags",
        variants="variants",
    ),
    "createdAt": moment("created_at"),
    "updatedAt": moment("updated_at"),
    "publishedAt": moment("published_at"),
    "isGiftCard": fixed(False),
    "tracksInventory": derived(lambda product: any(variant.item.tracked for variant in product.variants)),
    "hasOnlyDefaultVariant": derived(_has_default_variant),
    "totalInventory": derived(lambda product: sum(_available(variant) for variant in product.variants)),
    "variantsCount": derived(lambda product: len(product.variants)),
    "options": first(lambda product: [product]),
    "priceRangeV2": derived(lambda product: _range([variant.price for variant in product.variants])),
    "compareAtPriceRange": derived(_compared),
    "hasOutOfStockVariants": derived(lambda product: any(_available(variant) <= 0 for variant in product.variants)),
    "onlineStoreUrl": _page,
    "onlineStorePreviewUrl": _preview,
    "seo": itself,
    "hasVariantsThatRequiresComponents": derived(
        lambda product: any(variant.components for variant in product.variants)
    ),
    "requiresSellingPlan": fixed(False),
    # Products of this world have a title and no text, no pictures, no category and no theme template of their own.
    "description": fixed(""),
    "descriptionHtml": fixed(""),
    "bodyHtml": fixed(""),
    "category": fixed(None),
    "featuredImage": fixed(None),
    "featuredMedia": fixed(None),
    "feedback": fixed(None),
    "images": fixed([]),
    "media": fixed([]),
    "mediaCount": fixed(0),
    "templateSuffix": fixed(None),
    "giftCardTemplateSuffix": fixed(None),
}

PRODUCT_OPTION: Fields = {
    **only_id("ProductOption"),
    "name": attribute("option"),
    "position": fixed(1),
    "values": derived(lambda product: [variant.title for variant in product.variants]),
    "optionValues": attribute("variants"),
}

VARIANT: Fields = {
    **identity("ProductVariant"),
    **OWNED,
    **attributes(
        sku="sku",
        barcode="barcode",
        title="title",
        position="position",
        taxable="taxable",
        product="product",
        inventoryItem="item",
    ),
    "displayName": derived(lambda variant: f"{variant.product.title} - {variant.title}"),
    "price": lambda store, variant, arguments: shop_money_text(store, variant.price),
    "compareAtPrice": lambda store, variant, arguments: (
        None if variant.compare_at is None else shop_money_text(store, variant.compare_at)
    ),
    "inventoryQuantity": derived(_available),
    "sellableOnlineQuantity": derived(_available),
    "availableForSale": derived(lambda variant: _available(variant) > 0),
    "inventoryPolicy": fixed("DENY"),
    "selectedOptions": derived(lambda variant: [variant]),
    "presentmentPrices": derived(lambda variant: [PricePair(variant.price, variant.compare_at)]),
    "requiresComponents": derived(lambda variant: bool(variant.components)),
    "productVariantComponents": attribute("components"),
    "image": fixed(None),
    "taxCode": fixed(None),
    "createdAt": moment("created_at"),
    "updatedAt": moment("updated_at"),
}

TYPES: dict[str, Fields] = {
    "Product": PRODUCT,
    "ProductOption": PRODUCT_OPTION,
    "ProductOptionValue": {
        # A product of this world has one option, so that each of its values is one variant.
        **only_id("ProductOptionValue"),
        "name": attribute("title"),
        "hasVariants": fixed(True),
        "linkedMetafieldValue": fixed(None),
        "swatch": fixed(None),
    },
    "ProductVariant": VARIANT,
    "ProductVariantComponent": {
        **only_id("ProductVariantComponent"),
        **attributes(productVariant="variant", quantity="quantity"),
    },
    "ProductPriceRangeV2": attributes(minVariantPrice="low", maxVariantPrice="high"),
    "ProductCompareAtPriceRange": attributes(minVariantCompareAtPrice="low", maxVariantCompareAtPrice="high"),
    "ProductVariantPricePair": attributes(price="price", compareAtPrice="compare_at"),
    "SelectedOption": {**attributes(name="product.option", value="title"), "optionValue": itself},
    "SEO": {"title": fixed(None), "description": fixed(None)},
    "ResourceFeedback": never("details", "summary"),
    "AppFeedback": never("app", "link", "messages"),
    "App": never("id", "title"),
    "Link": never("label", "url"),
    "ProductOptionValueSwatch": never("color", "image"),
    "MediaImage": never(
        *("id", "alt", "createdAt", "image", "mediaContentType", "mediaErrors", "mediaWarnings", "mimeType"),
        *("preview", "status", "updatedAt"),
    ),
    "MediaPreviewImage": never("image", "status"),
    "MediaError": never("code", "details", "message"),
    "MediaWarning": never("code", "message"),
    "TaxonomyCategory": never(
        "id", "name", "fullName", "ancestorIds", "childrenIds", "isArchived", "isLeaf", "isRoot", "level", "parentId"
    ),
}
