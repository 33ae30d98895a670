"""Cells that many tables share.

Money is Decimal in major units; ids and counts are int, flags bool, times and rates text.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from shopify_sandbox.truth.books import Books, Facts

Row = dict[str, Any]
ADDRESS = ("first_name", "last_name", "company", "address1", "address2", "city", "zip", "phone", "province_code")


def money(minor: int) -> Decimal:
    return Decimal(minor).scaleb(-2)


def bags(**amounts: int) -> Row:
    """Each amount in shop and in presentment currency, which are the same in this world."""
    return {f"{name}_{bag}": money(amount) for name, amount in amounts.items() for bag in ("shop", "presentment")}


def currencies(books: Books) -> Row:
    return {"currency": books.shop["currency"], "presentment_currency": books.shop["currency"]}


def address(facts: Facts, prefix: str = "") -> Row:
    return {**{f"{prefix}{name}": facts[name] for name in ADDRESS}, f"{prefix}country_code": "US"}


def rate(ppm: int) -> str:
    """A rate of so many millionths as a plain decimal ("0.0725")."""
    return format(Decimal(ppm).scaleb(-6).normalize(), "f")
