"""The auditor's reading of what others need to know of an order: its payments, its currency, and where it waits.

Here: those few facts of each order. Not here: its lines, sales and refunds (``books.py``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import ClassVar

from shopify_sandbox.truth.facts import Facts

#: Facts of a transaction that are noted as they are.
KEPT = ("id", "kind", "status", "gateway", "amount", "parent_id", "payment_id")
#: Fulfillment orders whose units are still to be shipped.
WAITING = ("OPEN", "IN_PROGRESS", "ON_HOLD", "SCHEDULED")


@dataclass(slots=True)
class Payment:
    """One transaction of an order.

    Attributes:
        amount: Minor units of the order's currency.
        parent_id: The payment it captures, voids or gives back.
        rate: Major units of the shop's currency for one of the order's; None when they are the same.
    """

    id: int
    kind: str
    status: str
    gateway: str
    amount: int
    parent_id: int | None
    payment_id: str | None
    processed_at: str | None
    rate: str | None


@dataclass(slots=True)
class Deal:
    """One order.

    Attributes:
        currency: The one its customer pays in; None when that is the shop's.
        shipped_lines: Lines somebody has to send units of.
        waiting: Units that are to be shipped and are not yet.
        routed: Fulfillment orders by id; none as long as all ships from one place.
    """

    id: int
    name: str
    currency: str | None
    is_test: bool
    location_id: int
    shipped_lines: set[int] = field(default_factory=set)
    waiting: int = 0
    routed: dict[int, Facts] = field(default_factory=dict)
    payments: list[Payment] = field(default_factory=list)
    is_cancelled: bool = False

    def waits_at(self) -> set[int]:
        """Places where units of it wait to be shipped."""
        if self.is_cancelled or self.waiting == 0:
            return set()
        places = {one["location_id"] for one in self.routed.values() if one["status"] in WAITING}
        return places if self.routed else {self.location_id}


@dataclass
class DealsBook:
    """Orders that were not deleted, and payments of all, deleted ones too, by id."""

    READERS: ClassVar[dict[str, str]] = {
        "order_placed": "place",
        "payment_recorded": "pay",
        "order_fulfilled": "fulfill",
        "order_edited": "edit",
        "order_refunded": "refund",
        "refund_settled": "settle",
        "order_cancelled": "cancel",
        "order_deleted": "delete",
        "return_processed": "process",
        "fulfillment_orders_changed": "route",
        "fulfillment_cancelled": "unfulfill",
    }

    deals: dict[int, Deal] = field(default_factory=dict)
    #: Payment → the order it is of.
    of_payment: dict[int, Deal] = field(default_factory=dict)
    payments: dict[int, Payment] = field(default_factory=dict)
    #: Fulfillment → units it shipped.
    shipped: dict[int, int] = field(default_factory=dict)

    def place(self, event: Facts, at: str) -> None:
        facts = event["order"]
        is_test = facts.get("particulars", {}).get("is_test", False)
        deal = Deal(facts["id"], f"#{facts['number']}", facts.get("presentment"), is_test, facts["location_id"])
        self.deals[deal.id] = deal
        self._add_lines(deal, facts["lines"])
        self._pay(deal, event["transactions"])

    def _add_lines(self, deal: Deal, lines: Iterable[Facts]) -> None:
        for line in lines:
            if line["line_type"] == "PRODUCT":
                deal.shipped_lines.add(line["id"])
                deal.waiting += line["quantity"]

    def _take_off(self, deal: Deal, removed: Iterable[tuple[int, int]]) -> None:
        deal.waiting -= sum(units for line_id, units in removed if line_id in deal.shipped_lines)

    def _pay(self, deal: Deal, transactions: Iterable[Facts]) -> None:
        for one in transactions:
            payment = Payment(
                **{name: one[name] for name in KEPT},
                processed_at=None if one["status"] == "PENDING" else one["created_at"],
                rate=one.get("rate"),
            )
            deal.payments.append(payment)
            self.payments[payment.id], self.of_payment[payment.id] = payment, deal

    def pay(self, event: Facts, at: str) -> None:
        self._pay(self.deals[event["order_id"]], event["transactions"])

    def fulfill(self, event: Facts, at: str) -> None:
        facts = event["fulfillment"]
        self.shipped[facts["id"]] = units = sum(row[2] for row in facts["lines"])
        self.deals[event["order_id"]].waiting -= units

    def unfulfill(self, event: Facts, at: str) -> None:
        self.deals[event["order_id"]].waiting += self.shipped[event["fulfillment_id"]]
        self.route(event, at)

    def route(self, event: Facts, at: str) -> None:
        self.deals[event["order_id"]].routed.update({one["id"]: one for one in event["fulfillment_orders"]})

    def edit(self, event: Facts, at: str) -> None:
        deal = self.deals[event["order_id"]]
        self._add_lines(deal, event["lines"])
        self._take_off(deal, ((line_id, units) for line_id, units in event.get("removed", ())))
        if "removal" in event:
            self._refund(deal, event["removal"])

    def _refund(self, deal: Deal, event: Facts) -> None:
        self._pay(deal, event["transactions"])
        self._take_off(deal, ((row[1], row[2]) for row in event["refund"]["lines"] if row[3] == "CANCEL"))

    def refund(self, event: Facts, at: str) -> None:
        self._refund(self.deals[event["order_id"]], event)

    def settle(self, event: Facts, at: str) -> None:
        for transaction_id in event["transaction_ids"]:
            payment = self.payments[transaction_id]
            payment.status, payment.processed_at = event.get("status", "SUCCESS"), at

    def cancel(self, event: Facts, at: str) -> None:
        deal = self.deals[event["order_id"]]
        deal.is_cancelled = True
        self._pay(deal, event["voids"])
        self._refund(deal, event)

    def delete(self, event: Facts, at: str) -> None:
        del self.deals[event["order_id"]]

    def process(self, event: Facts, at: str) -> None:
        """A return was dealt with: money may go back, and something else may have to be shipped."""
        deal = self.deals[event["order_id"]]
        self._add_lines(deal, (row[0] for row in event["exchanged"]))
        if "refund" in event:
            self._refund(deal, event)
