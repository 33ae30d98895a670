"""Questions the specifications ask of any back office, and the outcomes they compare with."""

# ruff: noqa: S101

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal

import pytest

from shopify_pipeline.backoffice.contract.samples import CompanyCodes, Samples
from shopify_pipeline.backoffice.protocol import BackOffice, LedgerRow, Outcome, Result


class Specification:
    """What every group of specifications asks for; who runs them gives the fixtures ``office``, ``shop``, ``codes``."""

    @pytest.fixture
    def a(self, codes: CompanyCodes) -> Samples:
        """Records in the codes of the back office under test."""
        return Samples(codes)


def book(office: BackOffice, shop: str, external_id: str) -> dict[str, Decimal]:
    """Debit minus credit by account of one document, payment or entry."""
    return _sums(office, shop, lambda row: row.external_id == external_id)


def balance(office: BackOffice, shop: str, order_id: str) -> dict[str, Decimal]:
    """Debit minus credit by account of everything booked for one order; settled accounts are left out."""
    return without_zero(_sums(office, shop, lambda row: row.order_id == order_id))


def without_zero(sums: dict[str, Decimal]) -> dict[str, Decimal]:
    """Leave out what is settled."""
    return {account: amount for account, amount in sums.items() if amount}


def monthly(office: BackOffice, shop: str) -> dict[tuple[str, date], Decimal]:
    """Debit minus credit by account and month, as the control totals say; what is zero is left out."""
    return {(total.account, total.month): total.amount for total in office.totals(shop) if total.amount}


def on_hand(office: BackOffice, shop: str) -> dict[tuple[str, str], Decimal]:
    """Units by product and location."""
    return {(row.product, row.location): row.quantity for row in office.stock(shop)}


def to_ship(office: BackOffice, shop: str) -> dict[tuple[str, str, str], Decimal]:
    """Units of each line of a sale by order, line and product; lines of no units are left out."""
    return {
        (row.order_id, row.external_id, row.product): row.quantity for row in office.order_lines(shop) if row.quantity
    }


def moved(office: BackOffice, shop: str) -> list[tuple[str, str, str, str, str, Decimal, date]]:
    """What left and what came back, by kind and id: order, line, location, units, day; what is all back is left out."""
    return sorted(
        (row.kind, row.external_id, row.order_id, row.order_line, row.location, row.quantity, row.on)
        for row in office.shipments(shop)
        if row.quantity
    )


def everything(office: BackOffice, shop: str) -> tuple[object, ...]:
    """All a back office can be asked for one shop; equal when nothing was booked in between."""
    return (
        office.orders(shop),
        sorted(office.order_lines(shop), key=repr),
        moved(office, shop),
        office.parties(shop),
        office.products(shop),
        office.documents(shop),
        office.ledger(shop),
        office.taxes(shop),
        office.payments(shop),
        office.stock(shop),
        office.totals(shop),
        office.counts(shop),
    )


def created(external_id: str, documents: int = 0) -> Result:
    """The answer for a record that was not there before."""
    return Result(external_id=external_id, outcome=Outcome.CREATED, documents=documents)


def unchanged(external_id: str) -> Result:
    """The answer for a record that was there as it is."""
    return Result(external_id=external_id, outcome=Outcome.UNCHANGED)


def assert_rejected(results: Sequence[Result], words: Mapping[str, str]) -> None:
    """Each of these records was rejected, and the reason names what is wrong with it.

    Args:
        words: What must stand in the reason, by external id, in the order of the results.
    """
    assert [(result.external_id, result.outcome) for result in results] == [
        (external_id, Outcome.REJECTED) for external_id in words
    ]
    for result in results:
        assert words[result.external_id] in (result.reason or "")


def _sums(office: BackOffice, shop: str, wanted: Callable[[LedgerRow], bool]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in office.ledger(shop):
        if wanted(row):
            sums[row.account] += row.amount
    return dict(sums)
