"""A refund whose money has not moved: what it owes before and after it settles, whichever way Shopify writes it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal

from shopify_pipeline.backoffice.owed import (
    AgreementRow,
    HeldRow,
    SaleRow,
)
from shopify_pipeline_tests.backoffice.mapping_facts import (
    NOON,
    agreement,
    owed,
    sale,
    totals,
)

PLACED = (agreement(1), sale(101, 1, "100.00"))


def refunded(number: int, refund: int, *amounts: str) -> tuple[AgreementRow, list[SaleRow]]:
    """A refund agreement: ``-50.00`` a returned line, ``adjustment 5.00`` an adjustment."""
    sales = []
    for place, text in enumerate(amounts):
        kind, _, amount = text.rpartition(" ")
        line_type = "ADJUSTMENT" if kind else "PRODUCT"
        sales.append(sale(number * 100 + place, number, amount, action="RETURN", line_type=line_type, quantity=None))
    at = NOON + timedelta(hours=number)
    return agreement(number, "RefundAgreement", at=at, refund=refund), sales


def after(*refunds: tuple[AgreementRow, list[SaleRow]], held: Iterable[tuple[int, str]] = ()) -> dict[str, str]:
    """Documents of the refunds, beside the order's own."""
    mapped = owed(
        agreements=[PLACED[0], *(row for row, _ in refunds)],
        sales=[PLACED[1], *(row for _, rows in refunds for row in rows)],
        held=[HeldRow(order_id=1, refund_id=refund, presentment_amount=Decimal(amount)) for refund, amount in held],
    )
    documents = totals(mapped)
    assert documents.pop("1/ORDER") == "100.00"
    return documents


def test_goodwill_makes_no_document_while_it_is_pending_and_one_when_it_settles_either_way() -> None:
    pending = refunded(2, 91, "adjustment -5.00", "adjustment 5.00")
    assert after(pending, held=[(91, "5.00")]) == {}
    vanished = refunded(2, 91, "adjustment -5.00")
    assert after(vanished) == {"2/RETURN": "-5.00"}
    assert after(pending, refunded(3, 91, "adjustment -5.00")) == {"2/RETURN": "-5.00"}


def test_a_returned_line_is_credited_in_full_at_once_and_never_again() -> None:
    pending = refunded(2, 91, "-50.00", "adjustment 50.00")
    expected = {"2/RETURN": "-50.00"}
    assert after(pending, held=[(91, "50.00")]) == expected
    assert after(refunded(2, 91, "-50.00")) == expected
    assert after(pending, refunded(3, 91, "adjustment -50.00")) == expected


def test_what_the_merchant_keeps_of_a_line_is_credited_with_it_also_while_pending() -> None:
    pending = refunded(2, 91, "-50.00", "adjustment 10.00", "adjustment 40.00")
    assert after(pending, held=[(91, "40.00")]) == {"2/RETURN": "-40.00"}
    assert after(refunded(2, 91, "-50.00", "adjustment 10.00")) == {"2/RETURN": "-40.00"}


def test_equal_adjustments_of_two_refunds_do_not_cancel_each_other() -> None:
    kept = refunded(2, 91, "-50.00", "adjustment 5.00")
    goodwill = refunded(3, 92, "adjustment -5.00")
    assert after(kept, goodwill) == {"2/RETURN": "-45.00", "3/RETURN": "-5.00"}
