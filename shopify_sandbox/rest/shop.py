"""The shop and its locations in the shape of the REST Admin API.

Belongs here: what no webhook of this store shows. Everything else has its shape in ``webhooks/payloads.py``.

Source: https://shopify.dev/docs/api/admin-rest/latest/resources/shop, …/location.
"""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from shopify_sandbox.store import Store
from shopify_sandbox.webhooks.values import Values
from shopify_sandbox.world.goods import Location, Shop
from shopify_sandbox.world.profiles import COUNTRIES


def _country(code: str) -> Mapping[str, str]:
    return {"country": code, "country_code": code, "country_name": COUNTRIES[code]}


def shop(store: Store) -> Mapping[str, Any]:
    """The shop; it resides at its first location."""
    one, values = store.shop, Values(store.shop)
    home = next(iter(store.state.locations.values()))
    offset = store.now.astimezone(ZoneInfo(one.timezone)).isoformat()[-6:]
    return {
        "id": one.id,
        "name": one.name,
        "email": one.email,
        "customer_email": one.email,
        "domain": one.domain,
        "myshopify_domain": one.domain,
        **_country(one.country),
        "address1": home.address1,
        "address2": None,
        "city": home.city,
        "zip": home.zip,
        "province": home.province,
        "province_code": home.province_code,
        "phone": home.phone,
        "latitude": None,
        "longitude": None,
        "primary_locale": "en",
        "primary_location_id": home.id,
        "created_at": values.time(one.created_at),
        "updated_at": values.time(one.created_at),
        "currency": one.currency,
        "enabled_presentment_currencies": one.presentments or [one.currency],
        "iana_timezone": one.timezone,
        "timezone": f"(GMT{offset}) {one.timezone.rpartition('/')[2].replace('_', ' ')}",
        "money_format": "${{amount}}",
        "money_with_currency_format": f"${{{{amount}}}} {one.currency}",
        "weight_unit": "g",
        "taxes_included": one.taxes_included,
        "tax_shipping": True,
        "county_taxes": True,
        "plan_name": "partner_test",
        "plan_display_name": "Developer Preview",
        "multi_location_enabled": len(store.state.locations) > 1,
        "setup_required": False,
        "password_enabled": False,
    }


def location(one: Location, shop: Shop) -> Mapping[str, Any]:
    values = Values(shop)
    return {
        "id": one.id,
        "name": one.name,
        "address1": one.address1,
        "address2": None,
        "city": one.city,
        "zip": one.zip,
        "province": one.province,
        "province_code": one.province_code,
        **_country(one.country),
        "localized_country_name": COUNTRIES[one.country],
        "localized_province_name": one.province,
        "phone": one.phone,
        "created_at": values.time(one.created_at),
        "updated_at": values.time(one.updated_at),
        "legacy": False,
        "active": True,
        "admin_graphql_api_id": f"gid://shopify/Location/{one.id}",
    }
