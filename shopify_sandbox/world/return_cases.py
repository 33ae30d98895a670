"""Hard cases of returns, exchanges, refunds and cancellations: which orders hold one.

Here: reading records. Not here: how a case comes about (``return_happenings.py``, ``refund_happenings.py``).
"""

from __future__ import annotations

from collections.abc import Callable

from shopify_sandbox.world.case import Case, orders_that
from shopify_sandbox.world.figures import figures
from shopify_sandbox.world.records import Agreement, Order, Refund
from shopify_sandbox.world.return_records import Return

RECEIVED = ("SALE", "CAPTURE")


def _some_return(fits: Callable[[Return], bool]) -> Callable[[Order], bool]:
    return lambda order: any(fits(one) for one in order.returns)


def _some_refund(fits: Callable[[Refund], bool]) -> Callable[[Order], bool]:
    return lambda order: any(fits(one) for one in order.refunds)


def _status(status: str) -> Callable[[Order], bool]:
    return _some_return(lambda returned: returned.status == status)


def _disposed(kind: str) -> Callable[[Order], bool]:
    return _some_return(
        lambda returned: any(
            one.type == kind for reverse in returned.reverse for line in reverse.lines for one in line.dispositions
        )
    )


def _inspected_before_processed(returned: Return) -> bool:
    """Whether goods were disposed of before the agreement that takes them back, or there is none yet."""
    stamps = [one.created_at for reverse in returned.reverse for line in reverse.lines for one in line.dispositions]
    written = [one.happened_at for one in returned.order.agreements if one.returned is returned]
    return bool(stamps) and (not written or min(stamps) < min(written))


def _charged(kind: str) -> Callable[[Order], bool]:
    return lambda order: any(
        sale.line_type == "FEE" and getattr(sale.line, "type", None) == kind for sale in order.sales()
    )


def _exchange(fits: Callable[[int], bool]) -> Callable[[Order], bool]:
    """An agreement with goods both ways whose sum fits."""
    return lambda order: any(
        fits(sum(sale.total for sale in one.sales)) for one in order.agreements if _goes_both_ways(one)
    )


def _goes_both_ways(one: Agreement) -> bool:
    actions = {sale.action for sale in one.sales if sale.line_type == "PRODUCT"}
    return one.type == "ReturnAgreement" and actions == {"RETURN", "ORDER"}


def _unpaid_return(returned: Return) -> bool:
    return any(line.processed for line in returned.lines) and not returned.refunds


def _paid_back_later(returned: Return) -> bool:
    written = {one.refund for one in returned.order.agreements if one.returned is returned}
    return any(refund not in written for refund in returned.refunds)


def _restock(refund: Refund, kind: str, *, kept: bool) -> bool:
    return any(line.restock == kind and kept == (line.subtotal == 0 < line.line.unit_price) for line in refund.lines)


def _money_alone(refund: Refund) -> bool:
    return not refund.lines and not refund.shipping_lines and bool(refund.adjustments)


def _was_paid(order: Order) -> bool:
    return figures(order).total_received > 0


def _refunded_before_payment(order: Order) -> bool:
    """Whether a refund, no cancellation, is older than all money received."""
    paid = [one.created_at for one in order.transactions if one.kind in RECEIVED and one.status == "SUCCESS"]
    first = min(paid, default=None)
    return any(
        one.created_at != order.cancelled_at and (first is None or one.created_at < first) for one in order.refunds
    )


def _was_authorised(order: Order) -> bool:
    return any(one.kind == "VOID" for one in order.transactions)


def _cancelled(fits: Callable[[Order], bool]) -> Callable[[Order], bool]:
    return lambda order: order.cancelled_at is not None and fits(order)


CASES: tuple[Case, ...] = (
    orders_that("return requested", "A return waits for an answer.", _status("REQUESTED")),
    orders_that("return open", "A return is on its way.", _status("OPEN")),
    orders_that("return closed", "A return is done.", _status("CLOSED")),
    orders_that("return declined", "A return was asked for and refused.", _status("DECLINED")),
    orders_that("return cancelled", "A return was opened and nothing came back.", _status("CANCELED")),
    orders_that("return restocked", "What came back can be sold again.", _disposed("RESTOCKED")),
    orders_that("return not restocked", "What came back cannot be sold again.", _disposed("NOT_RESTOCKED")),
    orders_that("return missing", "The parcel came back without the goods.", _disposed("MISSING")),
    orders_that("return to be looked at", "What came back waits to be sorted.", _disposed("PROCESSING_REQUIRED")),
    orders_that(
        "return inspected before it is processed",
        "Goods are back in stock while the order still counts them as sold.",
        _some_return(_inspected_before_processed),
    ),
    orders_that("restocking fee", "A part of the value of returned goods is kept.", _charged("RestockingFee")),
    orders_that("return shipping fee", "The customer pays for the parcel back.", _charged("ReturnShippingFee")),
    orders_that("exchange for dearer goods", "The customer owes the difference.", _exchange(lambda total: total > 0)),
    orders_that("exchange for cheaper goods", "The difference is paid back.", _exchange(lambda total: total < 0)),
    orders_that("exchange without difference", "Goods go both ways and no money.", _exchange(lambda total: total == 0)),
    orders_that("return without refund", "Goods came back and the shop owes.", _some_return(_unpaid_return)),
    orders_that("return paid back later", "The refund came after the return.", _some_return(_paid_back_later)),
    orders_that(
        "refund without money",
        "Units are taken back and no transaction is there.",
        _some_refund(lambda refund: bool(refund.lines) and not refund.transactions and not refund.returned),
    ),
    orders_that("refund of money alone", "An adjustment and nothing else.", _some_refund(_money_alone)),
    orders_that(
        "refund of shipping",
        "Shipping was paid back, and no goods.",
        _some_refund(lambda refund: bool(refund.shipping_lines) and not refund.lines),
    ),
    orders_that(
        "refund for less than its lines",
        "A part of the value is kept as a positive adjustment.",
        _some_refund(
            lambda refund: (
                bool(refund.transactions)
                and any(one.amount > 0 and one.reason != "PENDING_REFUND_DISCREPANCY" for one in refund.adjustments)
            )
        ),
    ),
    orders_that(
        "refund of goods the customer keeps",
        "NO_RESTOCK of shipped units reverses the line.",
        _some_refund(lambda refund: _restock(refund, "NO_RESTOCK", kept=False)),
    ),
    orders_that(
        "refund of goods that are still sent",
        "NO_RESTOCK of unshipped units reverses nothing.",
        _some_refund(lambda refund: _restock(refund, "NO_RESTOCK", kept=True)),
    ),
    orders_that(
        "refund on an unpaid order",
        "Units are taken off before anybody has paid.",
        _refunded_before_payment,
    ),
    orders_that(
        "failed refund",
        "The gateway refused to pay back.",
        lambda order: any((one.kind, one.status) == ("REFUND", "FAILURE") for one in order.transactions),
    ),
    orders_that(
        "cancelled before payment",
        "Nobody had paid or promised to.",
        _cancelled(lambda order: not _was_paid(order) and not _was_authorised(order)),
    ),
    orders_that("cancelled while authorised", "The authorisation is voided.", _cancelled(_was_authorised)),
    orders_that("cancelled after payment", "Everything is paid back.", _cancelled(_was_paid)),
)
