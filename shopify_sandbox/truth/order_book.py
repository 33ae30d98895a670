"""The auditor's own reading of one order: its facts, what happened to it since, and what its ledger adds up to.

Here: one order and what follows from it alone. Not here: events (``order_reading.py`` and its neighbours), rows.
Money is minor units of the order's presentment currency; an amount in shop currency says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from shopify_sandbox.truth.currencies import worth
from shopify_sandbox.truth.notes_book import Notes
from shopify_sandbox.truth.order_facts import (
    Agreement,
    Application,
    Disposition,
    Fulfillment,
    Line,
    Order,
    Refund,
    Return,
    Reverse,
    Routed,
    Sale,
    ShippedLine,
    Transaction,
)

#: What a sale's line id names, by its line type; every other type names a line of the order, or nothing.
CHARGES = ("SHIPPING", "DUTY", "ADDITIONAL_FEE", "FEE")
#: How much a unit of a transaction's amount adds to what was received.
RECEIVED = {"SALE": 1, "CAPTURE": 1, "CHANGE": -1}


@dataclass(slots=True)
class RefundBook:
    facts: Refund
    created_at: str
    updated_at: str
    transactions: list[Transaction]
    return_id: int | None = None


@dataclass(slots=True)
class FulfillmentBook:
    facts: Fulfillment
    created_at: str
    updated_at: str
    tracking: list[tuple[str, str, str]]
    is_cancelled: bool = False
    in_transit_at: str | None = None
    delivered_at: str | None = None


@dataclass(slots=True)
class RoutedBook:
    """A fulfillment order."""

    facts: Routed
    created_at: str
    updated_at: str


@dataclass(slots=True)
class ReturnBook:
    """A return; ``processed`` and ``refunded`` are units by return line, ``sent`` units by exchange line."""

    facts: Return
    status: str
    created_at: str
    approved_at: str | None = None
    closed_at: str | None = None
    declined: tuple[str, str | None] | None = None
    reverses: list[Reverse] = field(default_factory=list)
    dispositions: list[tuple[Disposition, str]] = field(default_factory=list)
    processed: Counter[int] = field(default_factory=Counter)
    refunded: Counter[int] = field(default_factory=Counter)
    sent: Counter[int] = field(default_factory=Counter)
    #: Exchange line and the order line it became.
    sent_lines: list[tuple[int, int]] = field(default_factory=list)

    def has_line(self, line_id: int) -> bool:
        return any(line.id == line_id for line in self.facts.lines)

    def is_inspected(self, reverse: Reverse) -> bool:
        """Whether it is known of every unit of a parcel back where it went."""
        found: Counter[int] = Counter()
        for disposition, _ in self.dispositions:
            found[disposition.reverse_line_id] += disposition.units
        return all(found[line.id] >= line.units for line in reverse.lines)


@dataclass(slots=True)
class Tally:
    """What the sales of one line (or shipping line, duty, fee) add up to.

    Attributes:
        taxes: By place of the tax among the line's; what was taken back is left out, as in its tax lines.
    """

    units: int = 0
    net: int = 0
    tax: int = 0
    taxes: Counter[int] = field(default_factory=Counter)


@dataclass(slots=True)
class OrderBook:
    """One order: the facts of its placing, and everything that happened to it since.

    Attributes:
        shop_currency: ISO 4217 code.
        customer_id: None for a guest, and once the customer is forgotten.
        accepts_marketing: Whether its customer did when it was placed.
        keeps_adjustments: Whether its current total counts adjustments, a form of the ledger nobody has observed.
        unshipped: Units of a line that were taken off before they shipped.
        shipped: Units of a line that left and were not called back.
    """

    placed: Order
    shop_currency: str
    created_at: str
    updated_at: str
    customer_id: int | None
    accepts_marketing: bool
    keeps_adjustments: bool
    lines: list[Line]
    applications: list[Application]
    transactions: list[Transaction]
    agreements: list[Agreement]
    refunds: list[RefundBook] = field(default_factory=list)
    fulfillments: list[FulfillmentBook] = field(default_factory=list)
    routed: dict[int, RoutedBook] = field(default_factory=dict)
    returns: dict[int, ReturnBook] = field(default_factory=dict)
    unshipped: dict[int, int] = field(default_factory=dict)
    shipped: dict[int, int] = field(default_factory=dict)
    cancelled_at: str | None = None
    closed_at: str | None = None
    cancel_reason: str | None = None
    is_edited: bool = False
    has_expired: bool = False
    is_redacted: bool = False
    notes: Notes | None = None
    tallies: dict[tuple[str, int], Tally] | None = None

    @property
    def id(self) -> int:
        return self.placed.id

    @property
    def name(self) -> str:
        return f"#{self.placed.number}"

    @property
    def currency(self) -> str:
        """What the customer pays in."""
        return self.placed.presentment or self.shop_currency

    def sales(self) -> list[Sale]:
        return [sale for agreement in self.agreements for sale in agreement.sales]

    def tally(self, line_type: str, line_id: int) -> Tally:
        """What is left of a line, or of a shipping line, a duty or a fee."""
        if self.tallies is None:
            self.tallies = self._tallied()
        return self.tallies.get((owner_of(line_type), line_id)) or Tally()

    def _tallied(self) -> dict[tuple[str, int], Tally]:
        tallies: dict[tuple[str, int], Tally] = {}
        for sale in self.sales():
            if sale.line_id is None:
                continue
            tally = tallies.setdefault((owner_of(sale.line_type), sale.line_id), Tally())
            tally.units += sale.quantity or 0
            tally.net += sale.total - sale.tax
            tally.tax += sale.tax
            if sale.action != "RETURN":
                for tax in sale.taxes:
                    tally.taxes[tax.position] += tax.amount
        return tallies

    def units(self, line: Line) -> int:
        """Units of a line that are still the customer's or on their way."""
        return self.tally(line.line_type, line.id).units

    def unfulfilled(self, line: Line) -> int:
        """Units that are to be shipped and have not left."""
        if not line.ships:
            return 0
        return line.quantity - self.unshipped.get(line.id, 0) - self.shipped.get(line.id, 0)

    def left_with_customer(self, line: Line) -> int:
        """Units that left and did not come back: neither on the order still to ship, nor taken off before."""
        return self.units(line) - self.unfulfilled(line) if line.ships else 0

    def sold(self, column: Callable[[Sale], int], actions: Collection[str] = (), kinds: Collection[str] = ()) -> int:
        """Sum of a column over the sales of those actions and line types; none named means all."""
        return sum(
            column(sale)
            for sale in self.sales()
            if (not actions or sale.action in actions) and (not kinds or sale.line_type in kinds)
        )

    def in_shop(self, minor: int, rate: str | None) -> int:
        """An amount in minor units of the shop's currency."""
        return worth(minor, self.currency, rate, self.shop_currency)

    def paid(self, *kinds: str) -> int:
        """Sum of successful transactions of those kinds."""
        return sum(one.amount for one in self.transactions if one.status == "SUCCESS" and one.kind in kinds)

    def received(self) -> tuple[int, int]:
        """What came in less change given, and that in shop currency, each movement at the rate of its own day."""
        return self._moved(RECEIVED)

    def refunded(self) -> tuple[int, int]:
        """What was paid back, likewise."""
        return self._moved({"REFUND": 1})

    def _moved(self, signs: dict[str, int]) -> tuple[int, int]:
        moved = [one for one in self.transactions if one.status == "SUCCESS" and one.kind in signs]
        return (
            sum(signs[one.kind] * one.amount for one in moved),
            sum(signs[one.kind] * self.in_shop(one.amount, one.rate) for one in moved),
        )

    def capturable(self) -> int:
        """What is authorised and neither captured, voided nor lapsed."""
        is_void = any(one.kind == "VOID" and one.status == "SUCCESS" for one in self.transactions)
        return 0 if is_void or self.has_expired else self.paid("AUTHORIZATION") - self.paid("CAPTURE")

    def outstanding(self) -> int:
        """What all sales come to, less the money that is there or promised."""
        return self.sold(lambda sale: sale.total) - self.received()[0] + self.refunded()[0] - self.capturable()

    def shipped_lines(self) -> dict[int, ShippedLine]:
        """Lines of all fulfillments, by their ids."""
        return {row.id: row for one in self.fulfillments for row in one.facts.lines}


def owner_of(line_type: str) -> str:
    """What kind of thing a sale's line id names: ids of different kinds may be equal."""
    return line_type if line_type in CHARGES else "LINE"
