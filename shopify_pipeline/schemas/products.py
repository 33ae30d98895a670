"""The field map of the ``products`` stream: a product, its options, its variants and what bundles are made of.

Here: declarations only. A variant's price has a history of its own, because Shopify keeps none. Not here: anything that
follows from stock, which moves without a product's stamp (``inventory.py``).
"""

from __future__ import annotations

from shopify_pipeline.schemas.kinds import (
    NODE,
    OWNER,
    PARENT,
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
from shopify_pipeline.schemas.metafields import metafields_of

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
        text("status", "status", "ACTIVE, ARCHIVED, DRAFT or UNLISTED.", nullable=False),
        text("vendor", "vendor", "Vendor.", nullable=False),
        text("product_type", "productType", "Type the merchant gave it.", nullable=False),
        text("category_id", "category.id", "Place in Shopify's taxonomy; letters and digits, no number."),
        text("category", "category.fullName", "That place in words."),
        text("description_html", "descriptionHtml", "Description, as HTML.", nullable=False),
        text("seo_title", "seo.title", "Title for search engines."),
        text("seo_description", "seo.description", "Description for search engines."),
        text("template_suffix", "templateSuffix", "Theme template it is shown with."),
        text("online_store_url", "onlineStoreUrl", "Its address in the online store; null when not shown there."),
        flag("is_gift_card", "isGiftCard", "Whether buying it issues a gift card."),
        flag("has_only_default_variant", "hasOnlyDefaultVariant", "Whether it has no options."),
        flag("has_bundle_variants", "hasVariantsThatRequiresComponents", "Whether a variant of it is a bundle."),
        flag("requires_selling_plan", "requiresSellingPlan", "Whether it is sold by subscription only."),
        instant("created_at", "createdAt", "When it was created.", nullable=False),
        instant("updated_at", "updatedAt", "Shopify's version stamp, whole seconds.", nullable=False),
        instant("published_at", "publishedAt", "When it was published to the online store."),
    ),
    named_in=("order_lines.product_id",),
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

PRODUCT_OPTIONS = Table(
    name="product_options",
    grain="One row per option of a product, such as its size.",
    key=("product_id", "option_id"),
    root_column="product_id",
    sources=(Source("Product", "options"),),
    columns=(
        gid("product_id", ROOT, "The product."),
        gid("option_id", "id", "Shopify's numeric option id."),
        text("name", "name", "What it is called.", nullable=False),
        count("position", "position", "Place among the options, from 1."),
    ),
)

PRODUCT_OPTION_VALUES = Table(
    name="product_option_values",
    grain="One row per value of an option, such as a size.",
    key=("product_id", "option_id", "position"),
    root_column="product_id",
    sources=(Source("Product", "options[].optionValues"),),
    columns=(
        gid("product_id", ROOT, "The product."),
        gid("option_id", f"{OWNER}id", "The option."),
        count("position", POSITION, "Place among the option's values, from 0."),
        gid("option_value_id", "id", "Shopify's numeric option value id."),
        text("name", "name", "The value.", nullable=False),
        flag("has_variants", "hasVariants", "Whether a variant has it."),
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
        flag("is_bundle", "requiresComponents", "Whether it is sold as a bundle of other variants."),
        instant("created_at", "createdAt", "When it was created.", nullable=False),
        instant("updated_at", "updatedAt", "When it last changed.", nullable=False),
    ),
    tracked=("price", "compare_at_price"),
    named_in=("order_lines.variant_id",),
    goes_with=("inventory_item_id", "inventory", "InventoryItem"),
)

VARIANT_OPTIONS = Table(
    name="variant_options",
    grain="One row per option of a variant, with the value that makes it this variant.",
    key=("variant_id", "position"),
    root_column="product_id",
    sources=(Source("ProductVariant", "selectedOptions"),),
    columns=(
        gid("variant_id", f"{NODE}id", "The variant."),
        gid("product_id", ROOT, "The product."),
        count("position", POSITION, "Place among the variant's options, from 0."),
        text("name", "name", "The option.", nullable=False),
        text("value", "value", "Its value.", nullable=False),
        gid("option_value_id", "optionValue.id", "The value among the product's option values."),
    ),
)

BUNDLE_COMPONENTS = Table(
    name="bundle_components",
    grain="One row per variant that is part of a bundle.",
    key=("bundle_component_id",),
    root_column="product_id",
    sources=(Source("ProductVariantComponent"),),
    columns=(
        gid("bundle_component_id", "id", "Shopify's numeric component id."),
        gid("product_id", ROOT, "The product whose variant is the bundle."),
        gid("bundle_variant_id", PARENT, "The variant that is the bundle."),
        gid("component_variant_id", "productVariant.id", "The variant that is part of it."),
        count("quantity", "quantity", "Units of it in one bundle."),
    ),
)

STREAM = Stream(
    name="products",
    roots=(("Product", PRODUCTS),),
    children=(
        PRODUCT_TAGS,
        PRODUCT_OPTIONS,
        PRODUCT_OPTION_VALUES,
        VARIANTS,
        VARIANT_OPTIONS,
        BUNDLE_COMPONENTS,
        metafields_of("product"),
    ),
)
