"""The field map of the ``products`` stream: a product and its variants.

Here: declarations only. A variant's price has a history of its own, because Shopify keeps none.
"""

from __future__ import annotations

from shopify_pipeline.schemas.kinds import (
    POSITION,
    ROOT,
    Source,
    Stream,
    Table,
    amount,
    count,
    flag,
    gid,
    instant,
    text,
)

PRODUCTS = Table(
    name="products",
    grain="One row per product, newest version.",
    key=("product_id",),
    root_column="product_id",
    sources=(Source("Product"),),
    columns=(
        gid("product_id", "id", "Shopify's numeric product id."),
        text("title", "title", "Title.", nullable=False),
        text("handle", "handle", "Handle in the shop's addresses.", nullable=False),
        text("status", "status", "ACTIVE, ARCHIVED or DRAFT.", nullable=False),
        text("vendor", "vendor", "Vendor.", nullable=False),
        text("product_type", "productType", "Type the merchant gave it.", nullable=False),
        instant("created_at", "createdAt", "When it was created.", nullable=False),
        instant("updated_at", "updatedAt", "Shopify's version stamp, whole seconds.", nullable=False),
        instant("published_at", "publishedAt", "When it was published to the online store."),
    ),
)

PRODUCT_TAGS = Table(
    name="product_tags",
    grain="One row per tag of a product.",
    key=("product_id", "position"),
    root_column="product_id",
    sources=(Source("Product", "tags"),),
    columns=(
        gid("product_id", ROOT, "The product."),
        count("position", POSITION, "Place among the tags, from 0."),
        text("tag", ".", "The tag.", nullable=False),
    ),
)

VARIANTS = Table(
    name="variants",
    grain="One row per variant of a product.",
    key=("variant_id",),
    root_column="product_id",
    sources=(Source("ProductVariant"),),
    columns=(
        gid("variant_id", "id", "Shopify's numeric variant id."),
        gid("product_id", ROOT, "The product."),
        gid("inventory_item_id", "inventoryItem.id", "What is stocked for it."),
        text("sku", "sku", "SKU; may be missing or repeated."),
        text("barcode", "barcode", "Barcode."),
        text("title", "title", "Title within the product.", nullable=False),
        text("display_name", "displayName", "Product and variant title.", nullable=False),
        count("position", "position", "Place among the product's variants, from 1."),
        amount("price", "price", "Price."),
        amount("compare_at_price", "compareAtPrice", "Price before a sale.", nullable=True),
        text("inventory_policy", "inventoryPolicy", "DENY or CONTINUE selling when out of stock.", nullable=False),
        flag("is_taxable", "taxable", "Whether it is taxable."),
        instant("created_at", "createdAt", "When it was created.", nullable=False),
        instant("updated_at", "updatedAt", "When it last changed.", nullable=False),
    ),
    tracked=("price", "compare_at_price"),
)

STREAM = Stream(name="products", roots=(("Product", PRODUCTS),), children=(PRODUCT_TAGS, VARIANTS))
