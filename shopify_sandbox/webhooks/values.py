"""How a webhook's payload writes values: amounts, money sets, times with the shop's offset, addresses.

Here: leaf formats of the REST shape, which differ from those of the GraphQL Admin API. Not here: any record's payload.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from shopify_sandbox.world.goods import Shop
from shopify_sandbox.world.records import Address, Customer

MoneySet = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Values:
    """The formats of one shop; money is given in minor units of its currency, which is the only one in this world."""

    shop: Shop

    @property
    def currency(self) -> str:
        return self.shop.currency

    def time(self, at: datetime) -> str:
        """An instant on the shop's clock, such as ``2026-11-20T07:00:00-05:00``."""
        return at.astimezone(ZoneInfo(self.shop.timezone)).isoformat()

    def time_or_none(self, at: datetime | None) -> str | None:
        return None if at is None else self.time(at)

    def amount(self, minor: int) -> str:
        """An amount as text with two decimals, such as ``89.99``."""
        return f"{self.number(minor):.2f}"

    def number(self, minor: int) -> Decimal:
        """An amount as a JSON number, which the lines of a refund have."""
        return Decimal(minor).scaleb(-2)

    def money(self, minor: int, *, code_key: str = "currency_code") -> MoneySet:
        """The amount in shop and presentment currency; a transaction's unsettled rest has another key for the code."""
        one = {"amount": self.amount(minor), code_key: self.currency}
        return {"shop_money": one, "presentment_money": one}


def address(one: Address) -> dict[str, Any]:
    """The address of an order or a fulfillment."""
    return {
        "first_name": one.first_name,
        "address1": one.address1,
        "phone": one.phone,
        "city": one.city,
        "zip": one.zip,
        "province": one.province,
        "country": "United States",
        "last_name": one.last_name,
        "address2": one.address2,
        "company": one.company,
        "latitude": None,
        "longitude": None,
        "name": f"{one.first_name} {one.last_name}",
        "country_code": "US",
        "province_code": one.province_code,
    }


def customer_address(one: Address, owner: Customer, *, is_default: bool) -> dict[str, Any]:
    """An address in a customer's book."""
    shared = {key: value for key, value in address(one).items() if key not in ("latitude", "longitude")}
    return {
        **shared,
        "id": one.id,
        "customer_id": owner.id,
        "country_name": "United States",
        "default": is_default,
    }
