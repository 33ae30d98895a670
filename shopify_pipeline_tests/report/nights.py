"""A night with every kind of thing a report shows; a test changes what it speaks of.

Not here: rows in a warehouse, expectations.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from shopify_pipeline.report.night import (
    AGES,
    FIGURES,
    Aged,
    Break,
    Clearing,
    Compared,
    Listed,
    Night,
    Payout,
    Residual,
    Run,
    Total,
)

COUNTED_AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
DAY = date(2026, 11, 23)
NONE = Listed(count=0, breaks=[])


def a_break(**said: Any) -> Break:
    """An open break of 12.50 USD."""
    plain: dict[str, Any] = {
        "break_id": "b" * 64,
        "rule": "O5",
        "kind": "amount_mismatch",
        "severity": "error",
        "entity": "orders/5000001",
        "key": "ledger",
        "expected": "1250.5",
        "actual": "1238",
        "difference": Decimal("-12.5"),
        "currency": "USD",
        "age_days": 3,
        "message": "order #1001: the shop's ledger says 1250.50, the documents say 1238.00",
        "proposed_repair": "push the order again",
        "accepted_by": None,
        "accepted_because": None,
        "accepted_until": None,
    }
    return Break(**plain | said)


def listed(*breaks: Break) -> Listed:
    """All of them shown."""
    return Listed(count=len(breaks), breaks=list(breaks))


def totals(day: date, **books: str) -> list[Total]:
    """A day's control totals; ``books`` gives figures that differ."""
    shop = {"sold": "18250.40", "tax": "912.52", "returned": "-310.00", "paid": "18100.15", "given_back": "-310.00"}
    return [
        Total(day=day, figure=name, shop=Decimal(shop[name]), books=Decimal(books.get(name, shop[name])))
        for name in FIGURES
    ]


def quiet(**said: Any) -> Night:
    """A night on which everything agrees."""
    plain: dict[str, Any] = {
        "shop": "a-shop.myshopify.com",
        "zone": "America/New_York",
        "currency": "USD",
        "day": DAY,
        "run_id": 31,
        "counted_at": COUNTED_AT,
        "read_at": COUNTED_AT + timedelta(minutes=2),
        "reconciled_at": COUNTED_AT + timedelta(minutes=3),
        "backoffice": "Tryton 8.2",
        "compared": [
            Compared(rule=rule, title=title, severity="error", checked=checked, open=0, in_transit=0, accepted=0)
            for rule, title, checked in (
                ("O1", "Every order with a fact in the books is in the back office.", 2410),
                ("O5", "What was invoiced and credited for an order is what Shopify's ledger says.", 2410),
                ("F4", "Of an order whose units all left, no revenue waits any more.", 0),
            )
        ],
        "open": NONE,
        "attention": NONE,
        "in_transit": NONE,
        "accepted": NONE,
        "errors": 0,
        "oldest_days": None,
        "at_risk": {},
        "ages": [],
        "totals": [total for back in range(7) for total in totals(DAY - timedelta(days=back))],
        "clearing": [
            Clearing(
                account="1100",
                gateways="shopify_payments",
                rule="Y6",
                shop=Decimal("5210.33"),
                books=Decimal("5210.33"),
                state=None,
            ),
            Clearing(
                account="2300",
                gateways="gift_card",
                rule="G1",
                shop=Decimal("-750.00"),
                books=Decimal("-750.00"),
                state=None,
            ),
        ],
        "payouts": [
            Payout(
                payout_id=88001,
                status="SCHEDULED",
                issued_at=COUNTED_AT - timedelta(days=1),
                currency="USD",
                net=Decimal("4100.00"),
            )
        ],
        "runs": [
            Run(run_id=run, as_of=COUNTED_AT - timedelta(days=31 - run), open=0, in_transit=run % 3, amount_at_risk={})
            for run in range(2, 32)
        ],
        "residuals": [],
    }
    return Night(**plain | said)


def broken(**said: Any) -> Night:
    """A night with open, accepted and young differences."""
    rules = ("O5", "P2", "I1", "Y6", "T1")
    open_ = [
        a_break(),
        a_break(rule="P2", key="", difference=Decimal("1200"), expected="0", actual="1200", age_days=12),
        a_break(rule="Y6", entity="accounts/1100", key="", difference=Decimal("-12.5"), age_days=40,
                message="account 1100: the shop says 5210.33, the books say 5197.83"),
        a_break(rule="I1", kind="quantity_mismatch", currency=None, difference=Decimal("-3"), expected="10",
                actual="7", entity="variants/77", key="EAST", severity="warning", age_days=0,
                message="MUG-1 at EAST: the shop has 10, the back office 7"),
    ]  # fmt: skip
    plain: dict[str, Any] = {
        "open": Listed(count=240, breaks=open_),
        "in_transit": listed(a_break(kind="in_transit", age_days=0, proposed_repair="")),
        "attention": listed(
            a_break(rule="P4", kind="attention", severity="warning", difference=None, expected=None, actual=None)
        ),
        "accepted": listed(
            a_break(
                accepted_by="the controller",
                accepted_because="one cent, agreed with the auditor",
                accepted_until=date(2026, 12, 31),
            )
        ),
        "errors": 239,
        "oldest_days": 40,
        "at_risk": {"USD": Decimal("14210.50")},
        "ages": [
            Aged(rule=rule, age=age, breaks=(place + 2) * (5 - at))
            for place, rule in enumerate(rules)
            for at, age in enumerate(AGES)
            if (place + at) % 4
        ],
        "totals": [total for back in range(1, 7) for total in totals(DAY - timedelta(days=back))]
        + totals(DAY, sold="18237.90", paid="19300.15"),
        "clearing": [
            Clearing(
                account="1100", gateways="shopify_payments", rule="Y6", shop=Decimal("5210.33"),
                books=Decimal("5197.83"), state="amount_mismatch",
            ),
            Clearing(account="1110", gateways="paypal", rule="Y6", shop=None, books=Decimal("-1.5"), state=None),
        ],
        "runs": [
            Run(run_id=run, as_of=COUNTED_AT - timedelta(days=31 - run), open=run * run % 37 + run * 7,
                in_transit=2, amount_at_risk={"USD": Decimal(run * run % 91) * 100, "EUR": Decimal(5)})
            for run in range(2, 32)
        ],
        "residuals": [
            Residual(
                what="total", presentment_currency="EUR", currency="USD", orders=41, residual=Decimal("-0.17")
            )
        ],
    }  # fmt: skip
    return quiet(**plain | said)
