"""Worked and recorded ledgers post exactly: after every event the documents sum to what the example says.

The worked orders are the sandbox's (``sandbox/data/worked_examples.json``); the recorded ones are figures of real
orders.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from shopify_pipeline.backoffice.mapping import order
from shopify_pipeline.backoffice.owed import AgreementRow, HeldRow, SaleRow, TaxRow
from shopify_pipeline.money import digits
from shopify_pipeline_tests.backoffice.mapping_facts import (
    BOOKS,
    HEADER,
    NOON,
    VALUE_MAP,
    agreement,
    facts,
    sale,
    state_tax,
    totals,
)

WORKED = json.loads((Path(__file__).parents[1] / "sandbox" / "data" / "worked_examples.json").read_text())
CURRENCIES = {"W8": "GBP", "W9": "GBP", "W10": "JPY", "W11": "CAD"}
#: Action, line type, units, total and tax.
Entry = tuple[str, str, int | None, str, str]
MAP = msgspec.structs.replace(VALUE_MAP, lines={**VALUE_MAP.lines, "GIFT_CARD": "2300"})


class Ledger(NamedTuple):
    """What is known of an order's ledger at some moment."""

    agreements: list[AgreementRow]
    sales: list[SaleRow]
    taxes: list[TaxRow]
    held: list[HeldRow]


def ledger(events: Sequence[tuple[int, str, Sequence[Entry]]]) -> Ledger:
    """Agreements by event number; a refund's positive adjustment beside its opposite holds pending money back."""
    numbers = itertools.count(100)
    found = Ledger([], [], [], [])
    for number, kind, entries in events:
        found.agreements.append(agreement(number, kind, at=NOON + timedelta(hours=number), refund=number))
        for action, line_type, units, total, tax in entries:
            row = sale(next(numbers), number, total, tax, action=action, line_type=line_type, quantity=units)
            found.sales.append(row)
            if Decimal(tax):
                found.taxes.append(state_tax(row.sale_id, tax))
        adjustments = [Decimal(entry[3]) for entry in entries if entry[1] == "ADJUSTMENT"]
        found.held.extend(
            HeldRow(order_id=1, refund_id=number, presentment_amount=amount)
            for amount in adjustments
            if amount > 0 and -amount in adjustments
        )
    return found


def posted(known: Ledger, currency: str) -> tuple[dict[str, str], Decimal, Decimal]:
    """Totals by document, their sum and the sum of their taxes."""
    given = msgspec.structs.replace(facts(**known._asdict()), order=msgspec.structs.replace(HEADER, currency=currency))
    mapped = order(given, MAP, BOOKS)
    documents = mapped.documents if mapped else ()
    for document in documents:
        assert document.total == sum(line.net + sum(tax.amount for tax in line.taxes) for line in document.lines)
        assert -document.total.as_tuple().exponent == digits(currency)
    return (
        totals(mapped),
        sum((one.total for one in documents), Decimal(0)),
        sum((tax.amount for one in documents for line in one.lines for tax in line.taxes), Decimal(0)),
    )


@pytest.mark.parametrize("name", WORKED)
def test_a_worked_order_is_posted_to_the_minor_unit_after_every_event(name: str) -> None:
    events: list[tuple[int, str, list[Entry]]] = []
    seen: dict[str, str] = {}
    for number, step in enumerate(WORKED[name]["steps"], start=1):
        if "agreement" in step:
            written: dict[str, Any] = step["agreement"]
            entries: list[Entry] = [tuple(row[:5]) for row in written["sales"]]
            # What a pending refund held back vanishes from the agreement it was in.
            place = events.pop()[0] if "succeeds" in step["event"] else number
            events.append((place, written["type"], entries))
        documents, total, tax = posted(ledger(events), CURRENCIES.get(name, "USD"))
        assert total == Decimal(step["orderAfter"]["sumOfAllSales"]), step["event"]
        assert tax == Decimal(step["orderAfter"]["currentTotalTaxSet"]), step["event"]
        assert seen.items() <= documents.items(), "a posted document changed"
        seen = documents


UNIT_PRICES = ("43", "600", "749.95", "1025", "785.95", "699.95", "699.95", "699.95", "699.95", "699.95")


def units(action: str, of_each: int) -> list[Entry]:
    """So many units of each of ten lines."""
    return [(action, "PRODUCT", of_each, str(Decimal(price) * of_each), "0") for price in UNIT_PRICES]


OBSERVED: dict[str, tuple[list[tuple[int, str, list[Entry]]], dict[str, str]]] = {
    "ten lines, two refunds, five of each swapped for one thing": (
        [
            (1, "OrderAgreement", units("ORDER", 200)),
            (2, "RefundAgreement", units("RETURN", -100)),
            (3, "RefundAgreement", units("RETURN", -5)),
            (4, "ReturnAgreement", [*units("RETURN", -5), ("ORDER", "PRODUCT", 1, "885.95", "0")]),
        ],
        {
            "1/ORDER": "1340730.00",
            "2/RETURN": "-670365.00",
            "3/RETURN": "-33518.25",
            "4/ORDER": "885.95",
            "4/RETURN": "-33518.25",
        },
    ),
    "tax inside the price": ([(1, "OrderAgreement", [("ORDER", "PRODUCT", 1, "19.0", "3.17")])], {"1/ORDER": "19.00"}),
    "a discounted line, refunded": (
        [
            (1, "OrderAgreement", [("ORDER", "PRODUCT", 1, "57.23", "0")]),
            (2, "RefundAgreement", [("RETURN", "PRODUCT", -1, "-57.23", "0")]),
        ],
        {"1/ORDER": "57.23", "2/RETURN": "-57.23"},
    ),
    "a refund without any money": (
        [
            (1, "OrderAgreement", [("ORDER", "PRODUCT", 1, "27.0", "0")]),
            (2, "RefundAgreement", [("RETURN", "PRODUCT", -1, "-27.0", "0")]),
        ],
        {"1/ORDER": "27.00", "2/RETURN": "-27.00"},
    ),
    "two gift cards": (
        [(1, "OrderAgreement", [("ORDER", "GIFT_CARD", 1, "25.0", "0"), ("ORDER", "GIFT_CARD", 1, "50.0", "0")])],
        {"1/ORDER": "75.00"},
    ),
    "goodwill that is pending": (
        [
            (1, "OrderAgreement", [("ORDER", "PRODUCT", 1, "664.05", "0")]),
            (
                2,
                "RefundAgreement",
                [("RETURN", "ADJUSTMENT", None, "-664.05", "0"), ("RETURN", "ADJUSTMENT", None, "664.05", "0")],
            ),
        ],
        {"1/ORDER": "664.05"},
    ),
}


@pytest.mark.parametrize("name", OBSERVED)
def test_a_recorded_order_is_posted_by_agreement_and_action(name: str) -> None:
    events, expected = OBSERVED[name]
    documents, _, _ = posted(ledger(events), "USD")
    assert documents == expected


def test_returned_lines_of_a_pending_refund_are_credited_while_the_money_that_is_held_is_not() -> None:
    """Recorded: 245.67 and 31.94 tax came back, 277.61 was pending."""
    known = ledger(
        [
            (1, "OrderAgreement", [("ORDER", "PRODUCT", 1, "277.61", "31.94")]),
            (
                2,
                "RefundAgreement",
                [("RETURN", "PRODUCT", -1, "-277.61", "-31.94"), ("RETURN", "ADJUSTMENT", None, "277.61", "0")],
            ),
        ]
    )
    known.held.append(HeldRow(order_id=1, refund_id=2, presentment_amount=Decimal("277.61")))
    documents, _, tax = posted(known, "CAD")
    assert (documents, tax) == ({"1/ORDER": "277.61", "2/RETURN": "-277.61"}, Decimal(0))
