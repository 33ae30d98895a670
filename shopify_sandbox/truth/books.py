"""The auditor's own reading of the event log: what was ordered, sold, paid, shipped, given back and stocked.

Here: facts gathered from ``events.jsonl`` and what they add up to. Not here: the world's state, its derived figures or
the GraphQL view; sharing code with them would share their mistakes. Money is minor units, times are the log's own text.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Facts = dict[str, Any]


@dataclass
class OrderBook:
    """One order: the facts of its placing, and everything that happened to it since."""

    placed: Facts
    created_at: str
    updated_at: str
    lines: list[Facts]
    applications: list[Facts]
    transactions: list[Facts]
    agreements: list[Facts]
    refunds: list[Facts] = field(default_factory=list)
    fulfillments: list[Facts] = field(default_factory=list)
    cancelled_at: str | None = None
    closed_at: str | None = None
    cancel_reason: str | None = None
    edited: bool = False
    #: Units of a line that were taken off before they shipped.
    unshipped: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def id(self) -> int:
        return int(self.placed["id"])

    def sales(self) -> list[Facts]:
        return [sale for agreement in self.agreements for sale in agreement["sales"]]

    def sold(self, *, column: str, actions: Iterable[str] = (), kinds: Iterable[str] = ()) -> int:
        """Sum of a column over the sales of those actions and line types; none named means all."""
        return sum(
            sale[column]
            for sale in self.sales()
            if (not actions or sale["action"] in actions) and (not kinds or sale["line_type"] in kinds)
        )

    def units(self, line_id: int) -> int:
        """Units of a line that are still the customer's or on their way."""
        return sum(sale["quantity"] or 0 for sale in self.sales() if sale["line_id"] == line_id)

    def shipped(self, line_id: int) -> int:
        return sum(units for one in self.fulfillments for _, shipped_id, units in one["lines"] if shipped_id == line_id)

    def unfulfilled(self, line: Facts) -> int:
        if line["line_type"] != "PRODUCT":
            return 0
        return int(line["quantity"]) - self.unshipped[line["id"]] - self.shipped(line["id"])

    def paid(self, *kinds: str) -> int:
        """Sum of successful transactions of those kinds."""
        return sum(one["amount"] for one in self.transactions if one["status"] == "SUCCESS" and one["kind"] in kinds)

    def tax(self, line_id: int, position: int) -> int:
        """A tax of a line as sold and later changed, nothing taken back."""
        return sum(
            amount
            for sale in self.sales()
            if sale["line_id"] == line_id and sale["action"] != "RETURN"
            for _, place, amount in sale["taxes"]
            if place == position
        )


@dataclass
class LevelBook:
    """Stock of one item at one location."""

    id: int
    item_id: int
    location_id: int
    quantities: dict[str, int]
    created_at: str
    updated_at: str


@dataclass
class Books:
    """Everything the log says."""

    shop: Facts = field(default_factory=dict)
    as_of: str = ""
    opened_at: str = ""
    locations: dict[int, Facts] = field(default_factory=dict)
    products: dict[int, Facts] = field(default_factory=dict)
    product_of: dict[int, int] = field(default_factory=dict)
    item_of: dict[int, int] = field(default_factory=dict)
    levels: dict[tuple[int, int], LevelBook] = field(default_factory=dict)
    level_by_id: dict[int, LevelBook] = field(default_factory=dict)
    customers: dict[int, Facts] = field(default_factory=dict)
    orders: dict[int, OrderBook] = field(default_factory=dict)

    def read(self, event: Facts) -> None:
        """Take one event into the books; unknown kinds are refused so that none is forgotten.

        Raises:
            KeyError: The kind of event is unknown.
        """
        at = event["at"]
        self.as_of = max(self.as_of, at)
        getattr(self, READERS[event["event"]])(event, at)

    def _clock(self, event: Facts, at: str) -> None:
        """Nothing but time passes."""

    def _open(self, event: Facts, at: str) -> None:
        self.shop, self.opened_at = event["shop"], at
        self.locations = {location["id"]: location for location in event["locations"]}

    def _product(self, event: Facts, at: str) -> None:
        product = {**event["product"], "created_at": at, "updated_at": at}
        product["variants"] = {one["id"]: {**one, "created_at": at, "updated_at": at} for one in product["variants"]}
        self.products[product["id"]] = product
        for variant in product["variants"].values():
            item_id = variant["item"]["id"]
            self.product_of[variant["id"]], self.item_of[variant["id"]] = product["id"], item_id
            for level_id, location_id, quantities in variant["levels"]:
                book = LevelBook(level_id, item_id, location_id, dict(quantities), at, at)
                self.levels[item_id, location_id] = self.level_by_id[level_id] = book

    def _product_change(self, event: Facts, at: str) -> None:
        product = self.products[event["product_id"]]
        product.update({"updated_at": at, "tags": event.get("tags", product["tags"])})
        for variant_id, price, compare_at in event.get("prices", ()):
            product["variants"][variant_id].update({"price": price, "compare_at": compare_at, "updated_at": at})

    def _adjust(self, event: Facts, at: str) -> None:
        for level_id, moves in event["stock"]:
            self._stock(self.level_by_id[level_id], at, **moves)

    def _stock(self, level: LevelBook, at: str, **moves: int) -> None:
        for name, units in moves.items():
            level.quantities[name] += units
        level.updated_at = at

    def _level(self, line: Facts, location_id: int) -> LevelBook:
        return self.levels[self.item_of[line["variant_id"]], location_id]

    def _customer(self, event: Facts, at: str) -> None:
        facts = event["customer"]
        self.customers[facts["id"]] = {
            **facts,
            "addresses": list(facts["addresses"]),
            "created_at": at,
            "updated_at": at,
        }

    def _customer_change(self, event: Facts, at: str) -> None:
        customer = self.customers[event["customer_id"]]
        customer["updated_at"] = at
        customer.update({name: event[name] for name in ("tags", "note", "email_state") if name in event})
        if "address" in event:
            customer["addresses"].append(event["address"])

    def _touch(self, event: Facts, at: str) -> OrderBook:
        order = self.orders[event["order_id"]]
        order.updated_at = at
        if order.placed["customer_id"]:
            self.customers[order.placed["customer_id"]]["updated_at"] = at
        return order

    def _reserve(self, order: OrderBook, lines: Iterable[Facts], at: str) -> None:
        for line in lines:
            if line["line_type"] == "PRODUCT":
                level = self._level(line, order.placed["location_id"])
                self._stock(level, at, available=-line["quantity"], committed=line["quantity"])

    def _place(self, event: Facts, at: str) -> None:
        placed = event["order"]
        order = OrderBook(
            placed=placed,
            created_at=at,
            updated_at=at,
            lines=list(placed["lines"]),
            applications=list(placed["applications"]),
            transactions=_transactions(event["transactions"]),
            agreements=[event["agreement"]],
        )
        self.orders[order.id] = order
        self._touch({"order_id": order.id}, at)
        self._reserve(order, order.lines, at)

    def _pay(self, event: Facts, at: str) -> None:
        self._touch(event, at).transactions += _transactions(event["transactions"])

    def _ship(self, event: Facts, at: str) -> None:
        order, facts = self._touch(event, at), event["fulfillment"]
        order.fulfillments.append({**facts, "created_at": at})
        lines = {line["id"]: line for line in order.lines}
        for _, line_id, units in facts["lines"]:
            self._stock(self._level(lines[line_id], facts["location_id"]), at, committed=-units)
        if event["closes"]:
            order.closed_at = at

    def _refund(self, event: Facts, at: str) -> None:
        order, facts = self._touch(event, at), event["refund"]
        transactions = _transactions(event["transactions"])
        order.transactions += transactions
        order.refunds.append({**facts, "created_at": at, "updated_at": at, "transactions": transactions})
        order.agreements.append(event["agreement"])
        lines = {line["id"]: line for line in order.lines}
        for _, line_id, units, restock, location_id, _, _ in facts["lines"]:
            if restock == "CANCEL":
                order.unshipped[line_id] += units
                self._stock(self._level(lines[line_id], location_id), at, committed=-units, available=units)
            elif restock == "RETURN":
                self._stock(self._level(lines[line_id], location_id), at, available=units)

    def _cancel(self, event: Facts, at: str) -> None:
        order = self.orders[event["order_id"]]
        order.transactions += _transactions(event["voids"])
        self._refund(event, at)
        order.cancelled_at = order.closed_at = at
        order.cancel_reason = event["reason"]

    def _settle(self, event: Facts, at: str) -> None:
        order = self._touch(event, at)
        for one in order.transactions:
            if one["id"] in event["transaction_ids"]:
                one.update({"status": "SUCCESS", "processed_at": at})
        for refund in order.refunds:
            if refund["id"] == event["refund_id"]:
                refund["updated_at"] = at
                refund["adjustments"] = [row for row in refund["adjustments"] if row[0] not in event["adjustment_ids"]]
        for agreement in order.agreements:
            agreement["sales"] = [sale for sale in agreement["sales"] if sale["id"] not in event["sale_ids"]]

    def _edit(self, event: Facts, at: str) -> None:
        order = self._touch(event, at)
        order.edited = True
        order.applications += event["applications"]
        self._reserve(order, event["lines"], at)
        order.lines += event["lines"]
        order.agreements.append(event["agreement"])
        lines = {line["id"]: line for line in order.lines}
        for line_id, application, amount in event["allocations"]:
            lines[line_id]["allocations"] = [*lines[line_id]["allocations"], [application, amount]]
        for sale in event["agreement"]["sales"]:
            if sale["action"] == "RETURN":
                units = -sale["quantity"]
                order.unshipped[sale["line_id"]] += units
                level = self._level(lines[sale["line_id"]], order.placed["location_id"])
                self._stock(level, at, committed=-units, available=units)


def _transactions(facts: Iterable[Facts]) -> list[Facts]:
    return [{**one, "processed_at": None if one["status"] == "PENDING" else one["created_at"]} for one in facts]


READERS = {
    "clock": "_clock",
    "shop_opened": "_open",
    "product_created": "_product",
    "product_updated": "_product_change",
    "stock_adjusted": "_adjust",
    "customer_created": "_customer",
    "customer_updated": "_customer_change",
    "order_placed": "_place",
    "payment_recorded": "_pay",
    "order_fulfilled": "_ship",
    "order_refunded": "_refund",
    "refund_settled": "_settle",
    "order_edited": "_edit",
    "order_cancelled": "_cancel",
}
