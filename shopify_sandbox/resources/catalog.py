"""The GraphQL view of the shop, its locations, customers, products and stock.

Here: everything that is not part of an order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from shopify_sandbox.resources.values import (
    Fields,
    attribute,
    attributes,
    derived,
    first,
    fixed,
    gid,
    identity,
    itself,
    moment,
    money_text,
    only_id,
)
from shopify_sandbox.store import Store
from shopify_sandbox.world.figures import figures
from shopify_sandbox.world.records import Customer, InventoryLevel, Product, Variant
from shopify_sandbox.world.times import stamp

SHOP: Fields = {
    **only_id("Shop"),
    **attributes(
        name="name",
        myshopifyDomain="domain",
        email="email",
        contactEmail="email",
        ianaTimezone="timezone",
        currencyCode="currency",
    ),
    "createdAt": moment("created_at"),
    "enabledPresentmentCurrencies": derived(lambda shop: [shop.currency]),
    "url": derived(lambda shop: f"https://{shop.domain}"),
    "plan": itself,
    "taxesIncluded": fixed(False),
    "taxShipping": fixed(True),
    "orderNumberFormatPrefix": fixed("#"),
    "orderNumberFormatSuffix": fixed(""),
    "unitSystem": fixed("IMPERIAL_SYSTEM"),
    "weightUnit": fixed("GRAMS"),
    "timezoneAbbreviation": lambda store, shop, arguments: store.now.astimezone(ZoneInfo(shop.timezone)).tzname(),
    "timezoneOffset": lambda store, shop, arguments: store.now.astimezone(ZoneInfo(shop.timezone)).strftime("%z"),
}

LOCATION: Fields = {
    **identity("Location"),
    **attributes(name="name", inventoryLevels="levels"),
    "address": itself,
    "isActive": fixed(True),
    "fulfillsOnlineOrders": fixed(True),
    "shipsInventory": fixed(True),
    "hasActiveInventory": fixed(True),
    "isFulfillmentService": fixed(False),
    "createdAt": moment("created_at"),
    "updatedAt": moment("updated_at"),
    "deactivatedAt": fixed(None),
    "inventoryLevel": lambda store, location, arguments: next(
        (level for level in location.levels if gid("InventoryItem", level.item.id) == arguments["inventoryItemId"]),
        None,
    ),
}

LOCATION_ADDRESS: Fields = {
    **attributes(
        address1="address1", city="city", province="province", provinceCode="province_code", zip="zip", phone="phone"
    ),
    "address2": fixed(None),
    "country": fixed("United States"),
    "countryCode": fixed("US"),
}


def _spent(customer: Customer) -> int:
    return sum(figures(order).net_payment for order in customer.orders)


CUSTOMER: Fields = {
    **identity("Customer"),
    **attributes(
        firstName="first_name",
        lastName="last_name",
        state="state",
        tags="tags",
        note="note",
        locale="locale",
        taxExempt="tax_exempt",
        verifiedEmail="verified",
        addressesV2="addresses",
        orders="orders",
    ),
    "displayName": derived(lambda customer: f"{customer.first_name} {customer.last_name}"),
    "taxExemptions": fixed([]),
    "dataSaleOptOut": fixed(False),
    "canDelete": derived(lambda customer: not customer.orders),
    "createdAt": moment("created_at"),
    "updatedAt": moment("updated_at"),
    "numberOfOrders": derived(lambda customer: str(len(customer.orders))),
    "amountSpent": derived(_spent),
    "lastOrder": derived(lambda customer: customer.orders[-1] if customer.orders else None),
    "defaultAddress": derived(lambda customer: customer.addresses[0] if customer.addresses else None),
    "defaultEmailAddress": derived(lambda customer: customer if customer.email else None),
    "defaultPhoneNumber": derived(lambda customer: customer if customer.phone else None),
}

CUSTOMER_EMAIL: Fields = {
    **attributes(emailAddress="email", marketingState="email_state"),
    "marketingOptInLevel": derived(lambda customer: "SINGLE_OPT_IN" if customer.consented_at else None),
    "marketingUpdatedAt": moment("consented_at"),
    "openTrackingLevel": fixed("UNKNOWN"),
    "validFormat": fixed(True),
}


def _available(variant: Variant) -> int:
    return sum(level.quantities["available"] for level in variant.item.levels)


def _has_default_variant(product: Product) -> bool:
    return product.option == "Title"


PRODUCT: Fields = {
    **identity("Product"),
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
    "tracksInventory": fixed(True),
    "hasOnlyDefaultVariant": derived(_has_default_variant),
    "totalInventory": derived(lambda product: sum(_available(variant) for variant in product.variants)),
    "variantsCount": derived(lambda product: len(product.variants)),
    "options": first(lambda product: [product]),
}

PRODUCT_OPTION: Fields = {
    **only_id("ProductOption"),
    "name": attribute("option"),
    "position": fixed(1),
    "values": derived(lambda product: [variant.title for variant in product.variants]),
}

VARIANT: Fields = {
    **identity("ProductVariant"),
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
    "price": derived(lambda variant: money_text(variant.price)),
    "compareAtPrice": derived(lambda variant: None if variant.compare_at is None else money_text(variant.compare_at)),
    "inventoryQuantity": derived(_available),
    "sellableOnlineQuantity": derived(_available),
    "availableForSale": derived(lambda variant: _available(variant) > 0),
    "inventoryPolicy": fixed("DENY"),
    "selectedOptions": derived(lambda variant: [variant]),
    "createdAt": moment("created_at"),
    "updatedAt": moment("updated_at"),
}

ITEM: Fields = {
    **identity("InventoryItem"),
    **attributes(
        sku="variant.sku",
        unitCost="unit_cost",
        countryCodeOfOrigin="origin",
        harmonizedSystemCode="hs_code",
        inventoryLevels="levels",
    ),
    "tracked": fixed(True),
    "requiresShipping": fixed(True),
    "provinceCodeOfOrigin": fixed(None),
    "duplicateSkuCount": fixed(0),
    "createdAt": moment("created_at"),
    "updatedAt": moment("updated_at"),
    "measurement": itself,
    "locationsCount": derived(lambda item: len(item.levels)),
    "variants": derived(lambda item: [item.variant]),
    "inventoryLevel": lambda store, item, arguments: next(
        (level for level in item.levels if gid("Location", level.location.id) == arguments["locationId"]), None
    ),
}


def _level_tail(level: InventoryLevel) -> str:
    return f"{level.id}?inventory_item_id={level.item.id}"


def _quantities(store: Store, level: InventoryLevel, arguments: Mapping[str, Any]) -> list[tuple[InventoryLevel, str]]:
    """The named quantities, in the order asked for; a name that does not exist is left out."""
    return [(level, name) for name in arguments["names"] if name in level.stamps]


def _quantity(row: tuple[InventoryLevel, str]) -> int:
    level, name = row
    return level.on_hand if name == "on_hand" else level.quantities[name]


TYPES: dict[str, Fields] = {
    "Shop": SHOP,
    "ShopPlan": {
        "publicDisplayName": fixed("Basic"),
        "shopifyPlus": fixed(False),
        "partnerDevelopment": fixed(True),
    },
    "Location": LOCATION,
    "LocationAddress": LOCATION_ADDRESS,
    "Customer": CUSTOMER,
    "CustomerEmailAddress": CUSTOMER_EMAIL,
    "CustomerPhoneNumber": {"phoneNumber": attribute("phone"), "smsMarketingConsent": itself},
    "CustomerSmsMarketingConsent": {"state": attribute("sms_state"), "updatedAt": fixed(None)},
    "Product": PRODUCT,
    "ProductOption": PRODUCT_OPTION,
    "ProductVariant": VARIANT,
    "SelectedOption": {"name": attribute("product.option"), "value": attribute("title")},
    "InventoryItem": ITEM,
    "InventoryItemMeasurement": {**only_id("InventoryItemMeasurement"), "weight": itself},
    "Weight": {"unit": fixed("GRAMS"), "value": derived(lambda item: float(item.weight_grams))},
    "InventoryLevel": {
        "id": derived(lambda level: f"gid://shopify/InventoryLevel/{_level_tail(level)}"),
        **attributes(item="item", location="location"),
        "isActive": fixed(True),
        "createdAt": moment("created_at"),
        "updatedAt": moment("updated_at"),
        "quantities": _quantities,
    },
    "InventoryQuantity": {
        "id": derived(lambda row: f"gid://shopify/InventoryQuantity/{_level_tail(row[0])}&name={row[1]}"),
        "name": derived(lambda row: row[1]),
        "quantity": derived(_quantity),
        "updatedAt": derived(lambda row: stamp(row[0].stamps[row[1]])),
    },
}
