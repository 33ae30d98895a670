"""How a webhook's payload writes values: amounts, money sets, times with the shop's offset, addresses.

Here: leaf formats of the REST shape, which differ from those of the GraphQL Admin API. Not here: any record's payload.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from shopify_sandbox.world.buyer_records import Address, Customer
from shopify_sandbox.world.currency import Exchange, major
from shopify_sandbox.world.goods import Shop
from shopify_sandbox.world.profiles import COUNTRIES

MoneySet = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Values:
    """The formats of one shop; money is given in minor units.

    Attributes:
        exchange: What the amounts given are worth in the shop's currency; None when they are in it.
    """

    shop: Shop
    exchange: Exchange | None = None

    @property
    def currency(self) -> str:
        return self.shop.currency

    @property
    def presentment_currency(self) -> str:
        return self.exchange.presentment if self.exchange else self.shop.currency

    def within(self, exchange: Exchange | None) -> "Values":
        """The same formats for amounts of another currency."""
        return self if exchange is self.exchange else Values(self.shop, exchange)

    def time(self, at: datetime) -> str:
        """An instant on the shop's clock, such as ``2026-11-20T07:00:00-05:00``."""
        return at.astimezone(ZoneInfo(self.shop.timezone)).isoformat()

    def time_or_none(self, at: datetime | None) -> str | None:
        return None if at is None else self.time(at)

    def amount(self, minor: int) -> str:
        """An amount as text in the shop's currency, with all its digits, such as ``89.99``."""
        return f"{self.number(minor):f}"

    def number(self, minor: int) -> Decimal:
        """An amount as a JSON number, which the lines of a refund have."""
        return major(self.exchange.to_shop(minor) if self.exchange else minor, self.currency)

    def presented(self, minor: int) -> str:
        """An amount as text in the presentment currency."""
        return f"{major(minor, self.presentment_currency):f}"

    def money(self, minor: int, *, code_key: str = "currency_code") -> MoneySet:
        """The amount in shop and presentment currency; a transaction's unsettled rest has another key for the code."""
        return {
            "shop_money": {"amount": self.amount(minor), code_key: self.currency},
            "presentment_money": {"amount": self.presented(minor), code_key: self.presentment_currency},
        }


def address(one: Address) -> dict[str, Any]:
    """The address of an order or a fulfillment."""
    return {
        "first_name": one.first_name,
        "address1": one.address1,
        "phone": one.phone,
        "city": one.city,
        "zip": one.zip,
        "province": one.province,
        "country": COUNTRIES[one.country],
        "last_name": one.last_name,
        "address2": one.address2,
        "company": one.company,
        "latitude": None,
        "longitude": None,
        "name": one.name,
        "country_code": one.country,
        "province_code": one.province_code,
    }


def customer_address(one: Address, owner: Customer, *, is_default: bool) -> dict[str, Any]:
    """An address in a customer's book."""
    shared = {key: value for key, value in address(one).items() if key not in ("latitude", "longitude")}
    return {
        **shared,
        "id": one.id,
        "customer_id": owner.id,
        "country_name": COUNTRIES[one.country],
        "default": is_default,
    }
