"""One posted ledger move per journal entry: a fee, a payout, a dispute, credit given, revenue released.

Not here: payments of an order (``payments.py``). Every line comes as it is booked; nothing is added to make it balance.
"""

from decimal import Decimal

from trytond.pool import Pool

from .books import Books, debit_credit, drain
from .payments import settle
from .references import References, Refused, about, answer


def push(shop, batch):
    """Post the entries that are not booked yet; return one answer per entry, in the order given.

    Raises:
        RejectedError: Its description is the external id of the entry to blame, its message the reason.
    """
    books = Books()
    books.lock()
    references = References(shop, _wanted(batch))
    due = {}
    for entry in batch:
        with about(entry["external_id"]):
            check(references, books, entry, entry["order"])
            if due.setdefault(entry["external_id"], entry) != entry:
                raise Refused(f"entry {entry['external_id']} comes twice at once, with different content")
            if entry["order"] and references.record("orders", entry["order"]) is None:
                raise Refused(f"unknown order {entry['order']}: push it first")
    post(references, books, [(entry, entry["order"]) for entry in due.values()])
    orders = {references.record("orders", entry["order"]).id for entry in due.values() if entry["order"]}
    settle(books, Pool().get("sale.sale").browse(sorted(orders)), {})
    references.flush()
    drain([])
    return [
        answer(external_id, "unchanged" if references.known("entries", external_id) else "created")
        for external_id in (entry["external_id"] for entry in batch)
    ]


def check(references, books, entry, order):
    """Refuse an entry that cannot be booked as it is; ``order`` is the order it belongs to, or None.

    Raises:
        Refused: Lines do not sum to zero, an account or the currency is not the company's, or a booked entry changed.
    """
    name = entry["external_id"]
    if entry["currency"] != books.currency.code:
        raise Refused(f"entry {name} is in {entry['currency']} but the company's books are in {books.currency.code}")
    if references.known("entries", name):
        booked, content = references.fingerprint("entries", name), _content(books, entry)
        if booked != content:
            raise Refused(f"entry {name} is booked with {booked} and cannot become {content}")
        return
    if not entry["lines"]:
        raise Refused(f"entry {name} has no lines")
    for line in entry["lines"]:
        books.written(line["amount"])
    rest = sum((line["amount"] for line in entry["lines"]), Decimal(0))
    if rest:
        raise Refused(f"the lines of entry {name} sum to {rest}, not to zero")
    for line in entry["lines"]:
        account = books.account(line["account"])
        if account.party_required and not order:
            raise Refused(f"entry {name} is on account {account.code}, which needs a party, but it names no order")
    books.open_date(entry["on"])


def post(references, books, due):
    """Post the checked entries that are not booked yet.

    Args:
        due: Pairs (entry, external id of the order it belongs to or None).
    """
    Move = Pool().get("account.move")
    new = [pair for pair in due if not references.known("entries", pair[0]["external_id"])]
    if not new:
        return
    moves = Move.create([_move(books, entry, references.record("orders", order)) for entry, order in new])
    Move.post(moves)
    for (entry, _), move in zip(new, moves, strict=True):
        references.add("entries", entry["external_id"], move, _content(books, entry))


def _move(books, entry, sale):
    """Journal "general": the cash journal holds what customers paid, and half of the entries move no cash at all."""
    booked_on = books.open_date(entry["on"])
    return {
        "company": books.company.id,
        "journal": books.journal("general").id,
        "date": booked_on,
        "period": books.period(booked_on).id,
        "shopify_on": entry["on"],
        "origin": str(sale) if sale else None,
        "description": f"{entry['kind']} {entry['external_id']}: {entry['description']}",
        "lines": [("create", [_line(books, entry, line, sale) for line in entry["lines"]])],
    }


def _line(books, entry, line, sale):
    account = books.account(line["account"])
    return {
        "account": account.id,
        "party": sale.party.id if account.party_required else None,
        # Only what is owed has a day to be paid on; the ageing of receivables goes by it.
        "maturity_date": entry["on"] if account == books.receivable else None,
        **debit_credit(line["amount"]),
    }


def _content(books, entry):
    """What is booked, in words a person can compare: what is debited in all, and the day.

    The codes do not count: a value map that changes later moves nothing that is booked, and may put two lines in one.
    """
    debit = sum((line["amount"] for line in entry["lines"] if line["amount"] > 0), Decimal(0))
    return f"{books.written(debit)} on {entry['on']}"


def _wanted(batch):
    for entry in batch:
        yield "entries", entry["external_id"]
        if entry["order"]:
            yield "orders", entry["order"]
