"""What a report tells of one night: plain facts, read from break ledger and readings.

Here: the shapes, and what follows from them alone. Not here: reading them (``reading.py``), how they look
(``render.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

import msgspec

#: Figures of a day, in the order they are shown, with their names.
FIGURES = {
    "sold": "Sold",
    "tax": "Tax",
    "returned": "Returned",
    "paid": "Paid",
    "given_back": "Given back",
}

#: Ages of a break, youngest first, as the break ledger names them.
AGES = ("0-1 d", "2-3 d", "4-7 d", "8-30 d", "> 30 d")


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One rule and how much it compared; a rule that compared nothing proves nothing."""

    rule: str
    title: str
    severity: str
    checked: int
    open: int
    in_transit: int
    accepted: int


class Break(msgspec.Struct, frozen=True, kw_only=True):
    """One difference of the ledger.

    Attributes:
        expected: What the side that is expected to be right says, as the rule wrote it.
        difference: Actual less expected, in ``currency``; units when that is None.
        age_days: Whole days since the fact happened, or since the break was first seen.
    """

    break_id: str
    rule: str
    kind: str
    severity: str
    entity: str
    key: str
    expected: str | None
    actual: str | None
    difference: Decimal | None
    currency: str | None
    age_days: int
    message: str
    proposed_repair: str
    accepted_by: str | None
    accepted_because: str | None
    accepted_until: date | None


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """Breaks in one state: how many there are, and the gravest of them."""

    count: int
    breaks: list[Break]


class Aged(msgspec.Struct, frozen=True, kw_only=True):
    """How many open breaks of a rule are how old."""

    rule: str
    age: str
    breaks: int


class Total(msgspec.Struct, frozen=True, kw_only=True):
    """A control total of one day in the shop's zone, in the shop's currency.

    Attributes:
        figure: One of ``FIGURES``.
    """

    day: date
    figure: str
    shop: Decimal
    books: Decimal

    @property
    def difference(self) -> Decimal:
        return self.books - self.shop


class Clearing(msgspec.Struct, frozen=True, kw_only=True):
    """What waits on the account of one or more gateways, debit less credit, in the shop's currency.

    Attributes:
        rule: The rule that compares the account.
        shop: What the shop says waits there; None when that rule compared nothing.
        state: Class of the account's break, ``accepted``, or None when it has none.
    """

    account: str
    gateways: str
    rule: str
    shop: Decimal | None
    books: Decimal
    state: str | None

    @property
    def difference(self) -> Decimal | None:
        return None if self.shop is None else self.books - self.shop


class Payout(msgspec.Struct, frozen=True, kw_only=True):
    """A payout the bank has not confirmed; ``net`` is negative when the shop has to pay."""

    payout_id: int
    status: str
    issued_at: datetime
    currency: str
    net: Decimal


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One reconciliation, for the trend; ``amount_at_risk`` by currency."""

    run_id: int
    as_of: datetime
    open: int
    in_transit: int
    amount_at_risk: Mapping[str, Decimal]

    def at_risk(self, currency: str) -> Decimal:
        return self.amount_at_risk.get(currency, Decimal(0))


class Residual(msgspec.Struct, frozen=True, kw_only=True):
    """What conversion alone left apart, summed over orders."""

    what: str
    presentment_currency: str
    currency: str
    orders: int
    residual: Decimal


class Night(msgspec.Struct, frozen=True, kw_only=True):
    """All a report tells.

    Attributes:
        zone: The shop's IANA time zone; every instant is shown in it.
        day: The shop's day on which it was counted; the report's name.
        counted_at: The shop's clock when it was counted, UTC.
        read_at: Our clock when the back office was read, UTC.
        backoffice: Product and version that were read.
        open: Open breaks without what is on its way and what only asks for attention.
        errors: How many of them are errors; the others are warnings.
        at_risk: Sum of the open breaks' differences without their signs, by currency.
    """

    shop: str
    zone: str
    currency: str
    day: date
    run_id: int
    counted_at: datetime
    read_at: datetime
    reconciled_at: datetime
    backoffice: str
    compared: list[Compared]
    open: Listed
    attention: Listed
    in_transit: Listed
    accepted: Listed
    errors: int
    oldest_days: int | None
    at_risk: Mapping[str, Decimal]
    ages: list[Aged]
    totals: list[Total]
    clearing: list[Clearing]
    payouts: list[Payout]
    runs: list[Run]
    residuals: list[Residual]

    @property
    def checked(self) -> int:
        """Things compared, over all rules."""
        return sum(each.checked for each in self.compared)

    @property
    def idle(self) -> list[Compared]:
        """Rules that compared nothing."""
        return [each for each in self.compared if not each.checked]
