"""The push of orders: what is missing of each order is booked, in one transaction per batch.

Not here: how each part is booked (``sales.py``, ``stock.py``, ``documents.py``, ``entries.py``, ``payments.py``).
"""

from trytond.pool import Pool

from . import documents, entries, payments, sales, stock
from .books import Books, drain
from .references import References, Refused, about, answer


def push(shop, batch):
    """Book what is missing of the orders; return one answer per order, in the order given.

    Known, unchanged orders cost the one lookup of the batch. The first order that cannot be booked rolls the whole
    batch back.

    Raises:
        RejectedError: Its description is the external id of the order to blame, its message the reason.
    """
    books = Books()
    books.lock()
    references = References(shop, _wanted(batch))
    owed = [o for o in batch if references.fingerprint("orders", o["external_id"]) != o["fingerprint"]]
    answers = {o["external_id"]: answer(o["external_id"], "unchanged") for o in batch}
    for order in owed:
        with about(order["external_id"]):
            _check(references, books, order)
    posted = _book(references, books, owed) if owed else {}
    for order in owed:
        external_id = order["external_id"]
        outcome = "updated" if references.known("orders", external_id) else "created"
        answers[external_id] = answer(external_id, outcome, posted.get(external_id, 0))
    return [answers[order["external_id"]] for order in batch]


def _book(references, books, owed):
    """Book the checked orders: units before money, so that invoice lines find the sale lines they come from."""
    sales.place(references, books, owed)
    sales.reshape(references, books, owed)
    stock.ship(references, books, owed)
    stock.receive(references, books, owed)
    documents.set_due_dates(references, books, owed)
    posted = documents.post(references, books, owed)
    entries.post(references, books, [(entry, order["external_id"]) for order in owed for entry in order["entries"]])
    paid = payments.post(references, books, owed)
    placed = Pool().get("sale.sale").browse([references.record("orders", o["external_id"]).id for o in owed])
    payments.settle(books, placed, paid)
    references.flush()
    drain(placed)
    return posted


def _check(references, books, order):
    if order["currency"] != books.currency.code:
        raise Refused(
            f"order is in {order['currency']} but the company's books are in {books.currency.code}:"
            " keep each shop currency in a company of its own"
        )
    if references.record("parties", order["party"]) is None:
        raise Refused(f"unknown party {order['party']}: push it first")
    if not references.known("orders", order["external_id"]):
        books.warehouse(order["warehouse"])
    for resource in ("shipments", "restocks"):
        for source in order[resource]:
            if not references.known(resource, source["external_id"]):
                books.warehouse(source["location"])
    documents.check(references, books, order)
    payments.check(references, books, order)
    for entry in order["entries"]:
        entries.check(references, books, entry, order["external_id"])


def _wanted(batch):
    """Every external id the batch speaks of, so that one lookup answers all of them."""
    for order in batch:
        yield "orders", order["external_id"]
        yield "parties", order["party"]
        for line in order["lines"]:
            yield "products", line["product"]
        for resource in ("documents", "payments", "entries", "shipments", "restocks"):
            for record in order[resource]:
                yield resource, record["external_id"]
        for document in order["documents"]:
            for line in document["lines"]:
                if line["product"]:
                    yield "products", line["product"]
