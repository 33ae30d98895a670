"""Books as lines that can be compared: what a page expects, and what a back office holds.

Here: both sides in the same words, and the table of their differences. Not here: pushing. A line is a name and what is
said of it; both sides must have the same lines, no more and no fewer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

from shopify_pipeline.backoffice.protocol import BackOffice, LedgerRow
from shopify_pipeline.money import digits
from shopify_pipeline_tests.golden.book import Booking, Books, Case, Moved

Lines = dict[str, str]

RECEIVABLE = "1200"
RESOURCES = {"documents": "document", "payments": "payment", "entries": "entry"}


def expected(case: Case, *, is_daily: bool, is_booked_late: bool) -> Lines:
    """What the page says.

    Args:
        is_daily: Whether the books were kept day by day.
        is_booked_late: Whether the back office has periods that can be closed.
    """
    books, currency = case.books, case.shop.currency
    lines = {"company": books.company}
    for booking in books.bookings:
        lines |= _booking(booking, currency, is_booked_late=is_booked_late)
    return (
        lines
        | moves((*books.moves, *(books.taken_back if is_daily else ())))
        | balances(books.balances, books.open, currency)
        | breaks(books)
    )


def held(
    office: BackOffice,
    shop: str,
    company: str,
    moved: Iterable[Moved],
    due: Mapping[str, date],
    refused: Mapping[str, str],
) -> Lines:
    """What the back office holds of the shop.

    Args:
        company: Currency of the company that holds it.
        moved: Stock moves, which no reading of the protocol gives.
        due: Day a document is to be paid, where it is not the day it is dated.
        refused: What was not booked, and why.
    """
    ledger = [row for row in office.ledger(shop) if row.amount]
    lines = {"company": company}
    lines |= {f"document {document} due": str(day) for document, day in due.items()}
    for row in office.documents(shop):
        late = f" booked {row.booked_on}" if row.booked_on != row.on else ""
        lines[f"document {row.external_id}"] = f"{row.on}{late} order {row.order_id} total {_text(row.total, company)}"
    for paid in office.payments(shop):
        name = f"payment {paid.external_id}"
        lines[name] = f"{paid.on}{_late(ledger, 'payments', paid.external_id, paid.on)} order {paid.order_id}"
    for side in ledger:
        name = f"{RESOURCES[side.resource]} {side.external_id}"
        if side.resource == "entries":
            lines[name] = f"{side.booked_on} order {side.order_id}" if side.order_id else f"{side.booked_on}"
        lines[f"{name} on {side.account}"] = _side(side.amount, company) + (
            f" of {side.party}" if side.account == RECEIVABLE else ""
        )
    sums: defaultdict[tuple[str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for tax in office.taxes(shop):
        sums[tax.external_id, tax.tax][0] += tax.base
        sums[tax.external_id, tax.tax][1] += tax.amount
    for (document, tax_code), (base, amount) in sums.items():
        lines[f"document {document} tax {tax_code}"] = f"{_text(base, company)} {_text(amount, company)}"
    on_hand = {f"on hand {row.location} {row.product}": f"{row.quantity:f}" for row in office.stock(shop)}
    lines |= moves(moved) | {name: str(int(Decimal(units))) for name, units in on_hand.items() if Decimal(units)}
    return lines | ledger_balances(ledger, company) | dict(refused)


def ledger_balances(ledger: Iterable[LedgerRow], currency: str) -> Lines:
    """Balance of every account, and what each order's customer owes."""
    accounts: defaultdict[str, Decimal] = defaultdict(Decimal)
    orders: defaultdict[int, Decimal] = defaultdict(Decimal)
    for row in ledger:
        accounts[row.account] += row.amount
        if row.order_id:
            orders[int(row.order_id)] += row.amount if row.account == RECEIVABLE else 0
    return balances(accounts, orders, currency)


def balances(accounts: Mapping[str, Decimal], orders: Mapping[int, Decimal], currency: str) -> Lines:
    """Balances as lines."""
    lines = {f"balance {account}": _text(amount, currency) for account, amount in accounts.items()}
    return lines | {f"open order {order}": _text(amount, currency) for order, amount in orders.items()}


def moves(moved: Iterable[Moved]) -> Lines:
    """Stock moves as lines: units by day, way, place and variant, and what is on hand by them."""
    units: defaultdict[str, int] = defaultdict(int)
    on_hand: defaultdict[str, int] = defaultdict(int)
    for move in moved:
        units[f"moved {move.day} {move.way} {move.location} {move.variant}"] += move.units
        on_hand[f"on hand {move.location} {move.variant}"] += move.units if move.way == "in" else -move.units
    return {name: str(count) for name, count in [*units.items(), *on_hand.items()] if count}


def breaks(books: Books) -> Lines:
    """Breaks as lines; a reason is expected in part, so it is told apart by ``differences``."""
    return {f"break {one.record}": one.reason for one in books.breaks}


def signed(text: str) -> tuple[str, Decimal]:
    """Account and debit minus credit of one side of a booking, such as ``Cr 4000 20.00``."""
    side, account, amount = text.split()
    return account, {"Dr": Decimal(amount), "Cr": -Decimal(amount)}[side]


def differences(wanted: Lines, got: Lines) -> str:
    """A table of what is not the same, empty when nothing differs."""
    rows = [
        (name, wanted.get(name, "nothing"), got.get(name, "nothing"))
        for name in sorted(wanted.keys() | got.keys())
        if not _same(name, wanted.get(name), got.get(name))
    ]
    widths = [max(len(text) for text in column) for column in zip(*rows, strict=True)] if rows else [0, 0, 0]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in ([("line", "expected", "got"), *rows] if rows else [])
    )


def _same(name: str, wanted: str | None, got: str | None) -> bool:
    if name.startswith("break ") and wanted is not None and got is not None:
        return wanted in got
    return wanted == got


def _booking(booking: Booking, currency: str, *, is_booked_late: bool) -> Lines:
    late = f" booked {booking.booked}" if booking.booked and is_booked_late else ""
    order = "" if booking.order is None else f" order {booking.order}"
    kind = booking.id.partition(" ")[0]
    if kind == "entry":
        on = booking.booked if booking.booked and is_booked_late else booking.day
        lines = {booking.id: f"{on}{order}"}
    else:
        total = f" total {_text(_total(booking), currency)}" if kind == "document" else ""
        lines = {booking.id: f"{booking.day}{late}{order}{total}"}
        lines |= {f"{booking.id} due": str(booking.due)} if booking.due else {}
    for text in booking.ledger:
        account, amount = signed(text)
        party = f" of {booking.party}" if account == RECEIVABLE else ""
        lines[f"{booking.id} on {account}"] = _side(amount, currency) + party
    for tax in booking.taxes:
        lines[f"{booking.id} tax {tax.tax}"] = f"{_text(tax.base, currency)} {_text(tax.amount, currency)}"
    return lines


def _total(booking: Booking) -> Decimal:
    """What the customer is charged by a document: its receivable side."""
    return sum((amount for account, amount in map(signed, booking.ledger) if account == RECEIVABLE), Decimal(0))


def _late(ledger: Iterable[LedgerRow], resource: str, external_id: str, on: date) -> str:
    days = {row.booked_on for row in ledger if (row.resource, row.external_id) == (resource, external_id)}
    return "".join(f" booked {day}" for day in sorted(days) if day != on)


def _side(amount: Decimal, currency: str) -> str:
    return f"{'Cr' if amount < 0 else 'Dr'} {_text(abs(amount), currency)}"


def _text(amount: Decimal, currency: str) -> str:
    exact = amount.quantize(Decimal(1).scaleb(-digits(currency)))
    assert exact == amount, f"{amount} has more digits than {currency}"
    return f"{exact + 0:f}"
