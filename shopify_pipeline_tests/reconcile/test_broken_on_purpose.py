"""A push that is wrong as a future bug would make it: the rules find each, for they read the books and not the code.

Here: one function of the mapping broken at a time. What is changed in the books by hand is in ``test_rules*.py``.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shopify_pipeline.backoffice import mapping
from shopify_pipeline.warehouse.connect import connect
from shopify_pipeline_tests.reconcile.a_shop import NOON, AShop

Change = Callable[[Any], Any]


@pytest.fixture
def shop(warehouse_dsn: str, tmp_path: Path) -> Iterator[AShop]:
    """An order of three units, shipped, one of them refunded and back on its shelf; and one that was only paid."""
    with connect(warehouse_dsn) as conn:
        shop = AShop.opened(conn, tmp_path)
        mug = shop.item()
        order = shop.order((mug, 3, "30.00"))
        shop.ship(order, NOON + timedelta(hours=1), [3])
        shop.refund(order, NOON + timedelta(hours=2), units=1, net="10.00", money="10.50")
        shop.order((mug, 2, "20.00"), name="#1002")
        yield shop


def found(shop: AShop) -> set[tuple[str, str]]:
    """(rule, class) of what is open after push, snapshot, census and rules."""
    shop.push()
    shop.snapshot()
    shop.count()
    shop.reconcile()
    return {(rule, kind) for rule, kind, _, _ in shop.breaks()}


def each(**changes: Change) -> Change:
    """Change these fields of every record."""
    return lambda records: tuple(
        msgspec.structs.replace(record, **{name: change(getattr(record, name)) for name, change in changes.items()})
        for record in records
    )


def test_a_push_that_is_right_leaves_nothing_to_find(shop: AShop) -> None:
    assert found(shop) == set()


@pytest.mark.parametrize(
    ("function", "bug", "expected"),
    [
        pytest.param("payments", lambda records: (), {("P1", "missing_backoffice")}, id="payments are not pushed"),
        pytest.param(
            "payments",
            each(amount=lambda amount: amount + Decimal("0.01")),
            {("P2", "amount_mismatch")},
            id="payments are a cent too high",
        ),
        pytest.param(
            "payments",
            each(account=lambda account: "1110"),
            {("L1", "amount_mismatch")},
            id="payments are booked at another gateway",
        ),
        pytest.param(
            "payments",
            each(on=lambda day: day + timedelta(days=1)),
            {("L3", "status_mismatch")},
            id="payments are booked on the next day",
        ),
        pytest.param("shipments", lambda records: (), {("F1", "missing_backoffice")}, id="shipments are not pushed"),
        pytest.param("restocks", lambda records: (), {("R4", "missing_backoffice")}, id="restocks are not pushed"),
        pytest.param(
            "documents",
            lambda records: tuple(record for record in records if "RETURN" not in record.external_id),
            {("R1", "missing_backoffice")},
            id="credit notes are not pushed",
        ),
        pytest.param(
            "documents",
            lambda records: records + each(external_id=lambda name: f"9{name}")(records[:1]),
            {("O5", "amount_mismatch")},
            id="a document is pushed twice under another id",
        ),
        pytest.param(
            "documents",
            each(on=lambda day: day + timedelta(days=1)),
            {("L3", "status_mismatch")},
            id="documents are booked on the next day",
        ),
    ],
)
def test_a_push_that_is_wrong_is_found(
    shop: AShop, monkeypatch: pytest.MonkeyPatch, function: str, bug: Change, expected: set[tuple[str, str]]
) -> None:
    right = getattr(mapping, function)
    monkeypatch.setattr(mapping, function, lambda *arguments: bug(right(*arguments)))
    assert found(shop) >= expected


def test_money_that_went_back_and_is_booked_as_come_in_is_found(shop: AShop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.import_module("shopify_pipeline.backoffice.mapping.payments"), "BACK", ())
    assert found(shop) >= {("P2", "amount_mismatch"), ("R2b", "missing_backoffice")}
