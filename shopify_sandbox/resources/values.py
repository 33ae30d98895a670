"""How values are printed: gids, money, instants, and the small resolvers most fields are made of.

Here: leaf formats of the Admin API. Not here: any type's fields.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any

from shopify_sandbox.store import Store
from shopify_sandbox.world.currency import Bag, Money, digits
from shopify_sandbox.world.times import stamp

Resolver = Callable[[Store, Any, Mapping[str, Any]], Any]
Fields = dict[str, Resolver]


def amount_text(minor: int, places: int = 2) -> str:
    """A Decimal amount as Shopify prints it: one decimal at least, no more zeros than that ("15.0", "9.99").

    Args:
        places: Digits of the currency (``currency.digits``); an amount without any reads "932.0" (assumed).
    """
    whole, part = divmod(abs(minor), 10**places)
    fraction = f"{part:0{places}d}" if places else ""
    return f"{'-' if minor < 0 else ''}{whole}.{fraction.rstrip('0') or '0'}"


def money_text(minor: int, places: int = 2) -> str:
    """A Money scalar: all digits of its currency ("15.00", "932", "1.250")."""
    whole, part = divmod(abs(minor), 10**places)
    return f"{'-' if minor < 0 else ''}{whole}{f'.{part:0{places}d}' if places else ''}"


def shop_money_text(store: Store, minor: int) -> str:
    """A Money scalar in the shop's currency."""
    return money_text(minor, digits(store.shop.currency))


def gid(kind: str, record_id: int | str) -> str:
    return f"gid://shopify/{kind}/{record_id}"


def identity(kind: str) -> Fields:
    """``id`` and ``legacyResourceId`` of a record with a numeric id."""
    prefix = f"gid://shopify/{kind}/"
    return {
        "id": lambda store, record, arguments: f"{prefix}{record.id}",
        "legacyResourceId": lambda store, record, arguments: str(record.id),
    }


def only_id(kind: str) -> Fields:
    prefix = f"gid://shopify/{kind}/"
    return {"id": lambda store, record, arguments: f"{prefix}{record.id}"}


def attribute(path: str) -> Resolver:
    """The record's attribute as it is: text, whole numbers, booleans, records, lists and minor units of money bags."""
    read = attrgetter(path)
    return lambda store, record, arguments: read(record)


def attributes(**paths: str) -> Fields:
    """Fields by name, each the attribute at that path."""
    return {name: attribute(path) for name, path in paths.items()}


def moment(path: str) -> Resolver:
    """An instant; null stays null."""
    read = attrgetter(path)

    def resolve(store: Store, record: Any, arguments: Mapping[str, Any]) -> str | None:
        value = read(record)
        return None if value is None else stamp(value)

    return resolve


def derived(function: Callable[[Any], Any]) -> Resolver:
    """A field that follows from the record alone."""
    return lambda store, record, arguments: function(record)


def fixed(value: Any) -> Resolver:
    """A field that is the same for every record of this world."""
    return lambda store, record, arguments: value


def unseen(store: Store, record: Any, arguments: Mapping[str, Any]) -> Any:
    """The resolver of a field nothing can ever ask a value of."""
    raise LookupError("this world has no record of the type")


def never(*names: str) -> Fields:
    """Fields of a type this world has no record of: a query may name them."""
    return dict.fromkeys(names, unseen)


def first(function: Callable[[Any], list[Any]]) -> Resolver:
    """A plain list that honours the argument ``first``."""

    def resolve(store: Store, record: Any, arguments: Mapping[str, Any]) -> list[Any]:
        found = function(record)
        limit = arguments.get("first")
        return found if limit is None else found[:limit]

    return resolve


def itself(store: Store, record: Any, arguments: Mapping[str, Any]) -> Any:
    """The same record seen as another type."""
    return record


def _amount(store: Store, record: int | Money, arguments: Mapping[str, Any]) -> str:
    if isinstance(record, Money):
        return amount_text(record.minor, digits(record.currency))
    return amount_text(record, digits(store.shop.currency))


def _currency(store: Store, record: int | Money, arguments: Mapping[str, Any]) -> str:
    return record.currency if isinstance(record, Money) else store.shop.currency


MONEY: dict[str, Fields] = {
    # Money is an int of minor units of the shop's currency, or says what it is (``world/currency.py``).
    "MoneyBag": {
        "shopMoney": derived(lambda bag: bag.shop if isinstance(bag, Bag) else bag),
        "presentmentMoney": derived(lambda bag: bag.presentment if isinstance(bag, Bag) else bag),
    },
    "MoneyV2": {"amount": _amount, "currencyCode": _currency},
    "Count": {"count": itself, "precision": fixed("EXACT")},
}
