"""The field map of the ``inventory`` stream: what is stocked, where, and how much of it.

Here: declarations only. Levels are roots of their own: a location may hold a hundred thousand of them.
"""

from __future__ import annotations

from shopify_pipeline.schemas.kinds import (
    Column,
    Kind,
    Source,
    Stream,
    Table,
    amount,
    count,
    decimal,
    flag,
    gid,
    instant,
    text,
)

LOCATIONS = Table(
    name="locations",
    grain="One row per location, inactive ones included.",
    key=("location_id",),
    root_column="location_id",
    sources=(Source("Location"),),
    columns=(
        gid("location_id", "id", "Shopify's numeric location id."),
        text("name", "name", "Name.", nullable=False),
        flag("is_active", "isActive", "Whether it is in use."),
        flag("fulfills_online_orders", "fulfillsOnlineOrders", "Whether online orders ship from it."),
        flag("ships_inventory", "shipsInventory", "Whether anything ships from it."),
        flag("has_active_inventory", "hasActiveInventory", "Whether anything is stocked there."),
        flag("has_unfulfilled_orders", "hasUnfulfilledOrders", "Whether orders wait to be fulfilled there."),
        flag("is_fulfillment_service", "isFulfillmentService", "Whether it belongs to a fulfillment service."),
        text("fulfillment_service", "fulfillmentService.handle", "Handle of that service."),
        text("address1", "address.address1", "Street."),
        text("address2", "address.address2", "What else the street needs."),
        text("city", "address.city", "City."),
        text("zip", "address.zip", "Postal code."),
        text("province_code", "address.provinceCode", "State or province code."),
        text("country_code", "address.countryCode", "ISO 3166 country code."),
        text("phone", "address.phone", "Phone of the location."),
        text("deactivated_at", "deactivatedAt", "When it was put out of use; a text in Shopify's schema, too."),
        instant("created_at", "createdAt", "When it was created.", nullable=False),
        instant("updated_at", "updatedAt", "Shopify's version stamp, whole seconds.", nullable=False),
    ),
)

INVENTORY_ITEMS = Table(
    name="inventory_items",
    grain="One row per inventory item, newest version.",
    key=("inventory_item_id",),
    root_column="inventory_item_id",
    sources=(Source("InventoryItem"),),
    columns=(
        gid("inventory_item_id", "id", "Shopify's numeric inventory item id."),
        text("sku", "sku", "SKU."),
        flag("is_tracked", "tracked", "Whether Shopify counts it."),
        flag("requires_shipping", "requiresShipping", "Whether it ships."),
        Column("cost_currency", "unitCost.currencyCode", Kind.TEXT, "Currency of the unit cost."),
        amount("unit_cost", "unitCost.amount", "Cost of one unit.", nullable=True, unit="cost_currency"),
        decimal("weight", "measurement.weight.value", "Weight of one unit.", unit="weight_unit"),
        text("weight_unit", "measurement.weight.unit", "GRAMS, KILOGRAMS, OUNCES or POUNDS."),
        text("country_code_of_origin", "countryCodeOfOrigin", "ISO 3166 code of where it was made."),
        text("province_code_of_origin", "provinceCodeOfOrigin", "State or province where it was made."),
        text("harmonized_system_code", "harmonizedSystemCode", "Customs tariff number."),
        instant("created_at", "createdAt", "When it was created.", nullable=False),
        instant("updated_at", "updatedAt", "Shopify's version stamp, whole seconds.", nullable=False),
    ),
    tracked=("cost_currency", "unit_cost"),
    named_in=("fulfillment_order_lines.inventory_item_id",),
)

#: Quantity names Shopify documents; on_hand is the sum of all but incoming.
QUANTITY_NAMES = (
    "available",
    "on_hand",
    "committed",
    "incoming",
    "reserved",
    "damaged",
    "quality_control",
    "safety_stock",
)

INVENTORY_LEVELS = Table(
    name="inventory_levels",
    grain="One row per inventory item and location, newest quantities.",
    key=("inventory_item_id", "location_id"),
    root_column="inventory_level_id",
    sources=(Source("InventoryLevel"),),
    columns=(
        gid("inventory_level_id", "id", "Shopify's numeric level id; unique only together with the item."),
        gid("inventory_item_id", "item.id", "What is stocked."),
        gid("location_id", "location.id", "Where."),
        flag("is_active", "isActive", "Whether the item is stocked there."),
        *(
            count(
                name,
                f"quantities[name={name}].quantity",
                f"Units in state ``{name}``.",
                nullable=name not in ("available", "on_hand"),
            )
            for name in QUANTITY_NAMES
        ),
        instant("created_at", "createdAt", "When the item was first stocked there.", nullable=False),
        instant("updated_at", "updatedAt", "Shopify's version stamp, whole seconds.", nullable=False),
    ),
    tracked=QUANTITY_NAMES,
)

STREAM = Stream(
    name="inventory",
    roots=(("Location", LOCATIONS), ("InventoryItem", INVENTORY_ITEMS), ("InventoryLevel", INVENTORY_LEVELS)),
)
