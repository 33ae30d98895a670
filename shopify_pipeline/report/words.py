"""How figures, instants and ids are written for people.

Here: pure functions from a value to text. Not here: markup, and what is shown where.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from shopify_pipeline.errors import DataError
from shopify_pipeline.money import digits, plain

MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EN DASH}"

KINDS = {
    "missing_backoffice": "missing in the back office",
    "missing_shopify": "missing in the shop",
    "missing_warehouse": "missing in the warehouse",
    "amount_mismatch": "amounts differ",
    "status_mismatch": "states differ",
    "quantity_mismatch": "quantities differ",
    "currency_mismatch": "currencies differ",
    "manual_edit": "changed by hand",
    "in_transit": "on its way",
    "unmapped": "no entry in the value map",
}


def money(amount: Decimal | None, currency: str) -> str:
    """An amount with the digits of its currency and groups of thousands ("1,234.50", "−7", "–" for None).

    An amount finer than its currency keeps its digits: nothing is rounded away that somebody has to find.
    """
    if amount is None:
        return NOTHING
    try:
        places = digits(currency)
    except DataError:
        places = 0
    exponent = amount.normalize().as_tuple().exponent
    places = max(places, -exponent if isinstance(exponent, int) else 0)
    return _grouped(amount, places)


def signed(amount: Decimal | None, currency: str) -> str:
    """As ``money``, with a plus sign where there is too much."""
    text = money(amount, currency)
    return f"+{text}" if amount is not None and amount > 0 else text


def figure(text: str | None, currency: str | None) -> str:
    """What a rule wrote down as one side: an amount when there is a currency and it reads as one, else as it stands."""
    if text is None or not text.strip():
        return NOTHING
    amount = _number(text)
    if amount is None:
        return text
    return money(amount, currency) if currency else _grouped(amount, _places(amount))


def difference(amount: Decimal | None, currency: str | None) -> str:
    """A difference with its sign and currency; units without one."""
    if amount is None:
        return NOTHING
    if currency:
        return f"{signed(amount, currency)} {currency}"
    return f"{'+' if amount > 0 else ''}{_grouped(amount, _places(amount))}"


def number(count: int) -> str:
    """A count with groups of thousands."""
    return f"{count:,}"


def counted(count: int, one: str, many: str = "") -> str:
    """A count and its noun ("1 break", "2,000 breaks")."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def local(instant: datetime, zone: str) -> str:
    """An instant on the shop's clock, with the zone's abbreviation then ("2026-11-23 03:00 EST")."""
    return f"{instant.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M %Z}"


def days(age: int) -> str:
    """An age ("today", "1 day", "12 days")."""
    return "today" if age < 1 else counted(age, "day")


def kind(name: str) -> str:
    """The class of a break in words."""
    return KINDS.get(name, name.replace("_", " "))


def _number(text: str) -> Decimal | None:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def _places(amount: Decimal) -> int:
    return len(plain(amount).partition(".")[2])


def _grouped(amount: Decimal, places: int) -> str:
    text = f"{abs(amount):,.{places}f}"
    return f"{MINUS}{text}" if amount < 0 else text
