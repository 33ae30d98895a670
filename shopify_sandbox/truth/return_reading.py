"""What each event does to an order's returns: asked for, opened, answered, inspected, processed, closed.

Here: one small function per kind of event. Not here: refunds by themselves (``order_reading.py``), rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from shopify_sandbox.truth.order_book import ReturnBook
from shopify_sandbox.truth.order_events import (
    ReturnApproved,
    ReturnDeclined,
    ReturnDisposed,
    ReturnEvent,
    ReturnOpened,
    ReturnProcessed,
)
from shopify_sandbox.truth.order_facts import Disposition
from shopify_sandbox.truth.order_reading import Reading, add_refund, touched

if TYPE_CHECKING:
    from shopify_sandbox.truth.books import Books


def _open(books: Books, event: ReturnOpened) -> None:
    facts = event.opened
    returned = ReturnBook(facts, facts.status, event.at)
    if event.reverse is not None:
        returned.approved_at = event.at
        returned.reverses.append(event.reverse)
    touched(books, event).returns[facts.id] = returned


def _found(books: Books, event: ReturnEvent) -> ReturnBook:
    return touched(books, event).returns[event.return_id]


def _approve(books: Books, event: ReturnApproved) -> None:
    returned = _found(books, event)
    returned.status, returned.approved_at = "OPEN", event.at
    returned.reverses.append(event.reverse)


def _decline(books: Books, event: ReturnDeclined) -> None:
    returned = _found(books, event)
    returned.status, returned.declined = "DECLINED", (event.reason, event.note)


def _cancel(books: Books, event: ReturnEvent) -> None:
    _found(books, event).status = "CANCELED"


def _close(books: Books, event: ReturnEvent) -> None:
    returned = _found(books, event)
    returned.status, returned.closed_at = "CLOSED", event.at


def _reopen(books: Books, event: ReturnEvent) -> None:
    returned = _found(books, event)
    returned.status, returned.closed_at = "OPEN", None


def _dispose(books: Books, event: ReturnDisposed) -> None:
    _note(_found(books, event), event.dispositions, event.at)


def _note(returned: ReturnBook, dispositions: Iterable[Disposition], at: str) -> None:
    returned.dispositions += [(one, at) for one in dispositions]


def _process(books: Books, event: ReturnProcessed) -> None:
    """What came back leaves the order, what goes out instead joins it, and what is due may be paid back at once."""
    order, returned = touched(books, event), _found(books, event)
    _note(returned, event.dispositions, event.at)
    for row in event.processed:
        returned.processed[row.line_id] += row.units
    for sent in event.exchanged:
        order.lines.append(sent.line)
        returned.sent[sent.exchange_id] += sent.units
        returned.sent_lines.append((sent.exchange_id, sent.line.id))
        order.closed_at = None
    if event.refund is not None:
        add_refund(order, event.refund, event.transactions, event.at).return_id = event.return_id
        for row in event.processed:
            returned.refunded[row.line_id] += row.units
    order.agreements.append(event.agreement)
    if event.exchange_agreement is not None:
        order.agreements.append(event.exchange_agreement)


READINGS: dict[str, Reading] = {
    "return_opened": (ReturnOpened, _open),
    "return_approved": (ReturnApproved, _approve),
    "return_declined": (ReturnDeclined, _decline),
    "return_cancelled": (ReturnEvent, _cancel),
    "return_closed": (ReturnEvent, _close),
    "return_reopened": (ReturnEvent, _reopen),
    "return_disposed": (ReturnDisposed, _dispose),
    "return_processed": (ReturnProcessed, _process),
}
