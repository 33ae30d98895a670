"""The GraphQL view of the shop, its locations and their stock.

Here: where things are. Not here: what is sold (``products.py``), to whom (``customers.py``).
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
    fixed,
    gid,
    identity,
    itself,
    moment,
    never,
    only_id,
)
from shopify_sandbox.store import Store
from shopify_sandbox.world.goods import AdjustmentGroup, InventoryItem, InventoryLevel, Location, QuantityChange
from shopify_sandbox.world.profiles import COUNTRIES
from shopify_sandbox.world.routing import WAITING, fulfillment_orders
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
    "enabledPresentmentCurrencies": derived(lambda shop: shop.presentments or [shop.currency]),
    "url": derived(lambda shop: f"https://{shop.domain}"),
    "plan": itself,
    "taxesIncluded": attribute("taxes_included"),
    "taxShipping": fixed(True),
    "orderNumberFormatPrefix": fixed("#"),
    "orderNumberFormatSuffix": fixed(""),
    "unitSystem": derived(lambda shop: "IMPERIAL_SYSTEM" if shop.country == "US" else "METRIC_SYSTEM"),
    "weightUnit": fixed("GRAMS"),
    "timezoneAbbreviation": lambda store, shop, arguments: store.now.astimezone(ZoneInfo(shop.timezone)).tzname(),
    "timezoneOffset": lambda store, shop, arguments: store.now.astimezone(ZoneInfo(shop.timezone)).strftime("%z"),
}


def _levels(store: Store, record: Location | InventoryItem, arguments: Mapping[str, Any]) -> list[InventoryLevel]:
    """Where an item lies, or what lies at a place; what is switched off only when it is asked for."""
    return [level for level in record.levels if level.is_active or arguments.get("includeInactive")]


def _repeats(store: Store, item: InventoryItem, arguments: Mapping[str, Any]) -> int:
    """How many other items have the same SKU."""
    sku = item.variant.sku
    return sum(one is not item and one.variant.sku == sku for one in store.state.items.values()) if sku else 0


def _has_stock(location: Location) -> bool:
    return any(level.on_hand or level.quantities["incoming"] for level in location.levels)


def _has_unfulfilled_orders(store: Store, location: Location) -> bool:
    return any(
        one.location is location
        for order in store.state.orders.values()
        if order.unfulfilled and not order.cancelled_at
        for one in fulfillment_orders(order)
        if one.status in WAITING
    )


LOCATION: Fields = {
    **identity("Location"),
    **attributes(name="name"),
    "address": itself,
    "isActive": attribute("is_active"),
    "fulfillsOnlineOrders": derived(lambda location: location.is_active and location.fulfills_online),
    "shipsInventory": attribute("is_active"),
    "hasActiveInventory": derived(lambda location: any(level.is_active for level in location.levels)),
    "isFulfillmentService": derived(lambda location: location.service is not None),
    "createdAt": moment("created_at"),
    "updatedAt": moment("updated_at"),
    "deactivatedAt": moment("deactivated_at"),
    "activatable": fixed(True),
    "addressVerified": fixed(True),
    # Shopify lets a location be switched off once nothing is left in it, and deleted once it is off.
    "deactivatable": lambda store, location, arguments: (
        not (_has_stock(location) or _has_unfulfilled_orders(store, location))
    ),
    "deletable": fixed(False),
    "hasUnfulfilledOrders": lambda store, location, arguments: _has_unfulfilled_orders(store, location),
    "fulfillmentService": derived(lambda location: location if location.service else None),
    "localPickupSettingsV2": fixed(None),
    "suggestedAddresses": fixed([]),
    "inventoryLevels": _levels,
    "inventoryLevel": lambda store, location, arguments: next(
        (
            level
            for level in _levels(store, location, arguments)
            if gid("InventoryItem", level.item.id) == arguments["inventoryItemId"]
        ),
        None,
    ),
}

LOCATION_ADDRESS: Fields = {
    **attributes(
        address1="address1", city="city", province="province", provinceCode="province_code", zip="zip", phone="phone"
    ),
    "address2": fixed(None),
    "country": derived(lambda location: COUNTRIES[location.country]),
    "countryCode": attribute("country"),
    "formatted": derived(
        lambda location: [
            location.address1,
            f"{location.city} {location.province_code} {location.zip}",
            COUNTRIES[location.country],
        ]
    ),
    "latitude": fixed(None),
    "longitude": fixed(None),
}


ITEM: Fields = {
    **identity("InventoryItem"),
    **attributes(
        sku="variant.sku",
        unitCost="unit_cost",
        countryCodeOfOrigin="origin",
        harmonizedSystemCode="hs_code",
        tracked="tracked",
    ),
    "inventoryLevels": _levels,
    "requiresShipping": fixed(True),
    "provinceCodeOfOrigin": fixed(None),
    "duplicateSkuCount": _repeats,
    "createdAt": moment("created_at"),
    "updatedAt": moment("updated_at"),
    "measurement": itself,
    "locationsCount": derived(lambda item: sum(level.is_active for level in item.levels)),
    "variant": attribute("variant"),
    "variants": derived(lambda item: [item.variant]),
    "countryHarmonizedSystemCodes": fixed([]),
    "inventoryHistoryUrl": lambda store, item, arguments: (
        f"https://{store.shop.domain}/admin/products/{item.variant.product.id}"
        f"/variants/{item.variant.id}/inventory_history"
    ),
    "inventoryLevel": lambda store, item, arguments: next(
        (
            level
            for level in _levels(store, item, arguments)
            if gid("Location", level.location.id) == arguments["locationId"]
        ),
        None,
    ),
}


def _kept_by(level: InventoryLevel) -> str | None:
    """Why the level cannot be switched off; None when it can."""
    for name in ("committed", "incoming", "reserved"):
        if level.quantities[name]:
            return f"The item has {name} inventory at {level.location.name}."
    return None


def _level_tail(level: InventoryLevel) -> str:
    return f"{level.id}?inventory_item_id={level.item.id}"


def _quantities(store: Store, level: InventoryLevel, arguments: Mapping[str, Any]) -> list[tuple[InventoryLevel, str]]:
    """The named quantities, in the order asked for; a name that does not exist is left out."""
    return [(level, name) for name in arguments["names"] if name in level.stamps]


def _quantity(row: tuple[InventoryLevel, str]) -> int:
    level, name = row
    return level.on_hand if name == "on_hand" else level.quantities[name]


def _changes(store: Store, group: AdjustmentGroup, arguments: Mapping[str, Any]) -> list[QuantityChange]:
    names, items, locations = (arguments.get(name) for name in ("quantityNames", "inventoryItemIds", "locationIds"))
    return [
        change
        for change in group.changes
        if (names is None or change.name in names)
        and (items is None or gid("InventoryItem", change.level.item.id) in items)
        and (locations is None or gid("Location", change.level.location.id) in locations)
    ]


TYPES: dict[str, Fields] = {
    "CountryHarmonizedSystemCode": never("countryCode", "harmonizedSystemCode"),
    "DeliveryLocalPickupSettings": never("instructions", "pickupTime"),
    "LocationSuggestedAddress": never(
        "address1", "address2", "city", "country", "countryCode", "formatted", "province", "provinceCode", "zip"
    ),
    "Shop": SHOP,
    "ShopPlan": {
        "publicDisplayName": fixed("Basic"),
        "shopifyPlus": fixed(False),
        "partnerDevelopment": fixed(True),
    },
    "Location": LOCATION,
    "LocationAddress": LOCATION_ADDRESS,
    "InventoryItem": ITEM,
    "InventoryItemMeasurement": {**only_id("InventoryItemMeasurement"), "weight": itself},
    "Weight": {"unit": fixed("GRAMS"), "value": derived(lambda item: float(item.weight_grams))},
    "InventoryLevel": {
        "id": derived(lambda level: f"gid://shopify/InventoryLevel/{_level_tail(level)}"),
        **attributes(item="item", location="location"),
        "isActive": attribute("is_active"),
        "canDeactivate": derived(lambda level: _kept_by(level) is None),
        "deactivationAlert": derived(_kept_by),
        "createdAt": moment("created_at"),
        "updatedAt": moment("updated_at"),
        "quantities": _quantities,
    },
    "InventoryAdjustmentGroup": {
        "id": derived(lambda group: gid("InventoryAdjustmentGroup", group.id)),
        **attributes(reason="reason", referenceDocumentUri="reference"),
        "createdAt": moment("created_at"),
        "changes": _changes,
        "app": fixed(None),
        "staffMember": fixed(None),
    },
    "InventoryChange": {
        **attributes(
            name="name",
            delta="delta",
            quantityAfterChange="after",
            ledgerDocumentUri="ledger",
            item="level.item",
            location="level.location",
        ),
    },
    "InventoryQuantity": {
        "id": derived(lambda row: f"gid://shopify/InventoryQuantity/{_level_tail(row[0])}&name={row[1]}"),
        "name": derived(lambda row: row[1]),
        "quantity": derived(_quantity),
        "updatedAt": derived(lambda row: stamp(row[0].stamps[row[1]])),
    },
}
