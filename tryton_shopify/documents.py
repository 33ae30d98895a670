"""One posted invoice per document, with Shopify's own amounts: net per line, taxes as manual rows.

Not here: payments. Nothing is plugged: a document that does not sum to its total is refused before it is posted.
"""

from collections import defaultdict
from decimal import Decimal

from trytond.pool import Pool

from .books import quantity_and_price
from .references import Refused, about


def check(references, books, order):
    """Refuse the order when a document of it cannot be posted exactly.

    Raises:
        Refused: A code is not in the books, a total is not the sum of its lines, or a posted document changed.
    """
    for document in order["documents"]:
        name = document["external_id"]
        books.written(document["total"])
        total = sum((_gross(line) for line in document["lines"]), Decimal(0))
        if total != document["total"]:
            raise Refused(f"document {name} sums to {total}, not to its total {document['total']}")
        if references.known("documents", name):
            booked = Decimal(references.fingerprint("documents", name).split()[0])
            if booked != document["total"]:
                raise Refused(f"document {name} is posted with {booked} and cannot become {document['total']}")
            continue
        books.open_date(document["on"])
        for line in document["lines"]:
            books.account(line["account"])
            books.written(line["net"])
            for tax in line["taxes"]:
                books.tax(tax["tax"])
                books.written(tax["amount"])
            if line["product"] and references.record("products", line["product"]) is None:
                raise Refused(f"unknown product {line['product']}: push it first")


def post(references, books, orders):
    """Post the new documents of the orders and return how many each order got, by external id."""
    Invoice = Pool().get("account.invoice")
    todo = [
        (order, document)
        for order in orders
        for document in order["documents"]
        if not references.known("documents", document["external_id"])
    ]
    if not todo:
        return {}
    invoices = Invoice.create([_invoice(references, books, order, document) for order, document in todo])
    posted = defaultdict(int)
    for (order, document), invoice in zip(todo, invoices, strict=True):
        with about(order["external_id"]):
            if invoice.total_amount != document["total"]:
                raise Refused(
                    f"document {document['external_id']} would be booked with {invoice.total_amount}"
                    f" instead of {document['total']}"
                )
        references.add("documents", document["external_id"], invoice, _content(books, document))
        posted[order["external_id"]] += 1
    _number(invoices)
    Invoice._post(invoices)
    return posted


def set_due_dates(references, books, orders):
    """Bring what is open of documents posted before to their new due day: terms may be agreed on, or start, later.

    Only a day Shopify changed is written: a day a person set stays.
    """
    Line = Pool().get("account.move.line")
    changes = []
    for order in orders:
        for document in order["documents"]:
            name, content = document["external_id"], _content(books, document)
            if not references.known("documents", name) or references.fingerprint("documents", name) == content:
                continue
            invoice = references.record("documents", name)
            references.add("documents", name, invoice, content)
            lines = [line for line in invoice.lines_to_pay if not line.reconciliation]
            if lines:
                changes += [lines, {"maturity_date": document["due_on"] or document["on"]}]
    if changes:
        Line.write(*changes)


def _invoice(references, books, order, document):
    sale = references.record("orders", order["external_id"])
    booked_on = books.open_date(document["on"])
    return {
        "type": "out",
        "company": books.company.id,
        "currency": books.currency.id,
        "party": sale.party.id,
        "invoice_address": sale.invoice_address.id,
        "journal": books.journal("revenue").id,
        "account": books.receivable.id,
        "payment_term": None,
        # Without a payment term, this is the day the receivable line is to be paid on.
        "payment_term_date": document["due_on"] or document["on"],
        "invoice_date": document["on"],
        "accounting_date": booked_on if booked_on != document["on"] else None,
        "reference": order["name"],
        "description": f"{document['action']} {document['external_id']}",
        "shopify_order": sale.id,
        "lines": [("create", _lines(references, books, document, sale))],
        "taxes": [("create", _taxes(books, document))],
    }


def _lines(references, books, document, sale):
    line_of = {line.shopify_id: line for line in sale.lines}
    values = []
    for line in document["lines"]:
        quantity, price = quantity_and_price(line["net"], line["quantity"], books.currency)
        value = {
            "type": "line",
            "company": books.company.id,
            "currency": books.currency.id,
            "account": books.account(line["account"]).id,
            "description": line["description"],
            "quantity": quantity,
            "unit_price": price,
        }
        if line["product"]:
            value |= {"product": references.record("products", line["product"]).id, "unit": books.unit.id}
        # A changed price has no units of its own: linked, it would count as units invoiced twice.
        if line["quantity"] and line["order_line"] in line_of:
            value["origin"] = str(line_of[line["order_line"]])
        values.append(value)
    return values


def _taxes(books, document):
    """Manual rows by tax and sign: tax codes tell invoices from credits by the sign, so the two never share a row."""
    rows = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for line in document["lines"]:
        based = set()
        for tax in line["taxes"]:
            key = tax["tax"], (tax["amount"] or line["net"]) >= 0
            # Two taxes of one line may be one code in the books, and its net is their base once.
            rows[key][0] += Decimal(0) if key in based else line["net"]
            rows[key][1] += tax["amount"]
            based.add(key)
    values = []
    for (name, is_invoice), (base, amount) in rows.items():
        tax = books.tax(name)
        account = tax.invoice_account if is_invoice else tax.credit_note_account
        values.append(
            {
                "manual": True,
                "tax": tax.id,
                "description": tax.description,
                "account": account.id,
                "base": base,
                "amount": amount,
            }
        )
    return values


def _number(invoices):
    """Number before posting, which saves the number: gapless in the order of posting, whatever the dates.

    Tryton itself would refuse a date before the last number's, and a late order could never be posted.
    """
    by_sequence = defaultdict(list)
    for invoice in invoices:
        invoice.sequence_type_cache = invoice._sequence_type
        sequence, _ = invoice._number_sequence()
        by_sequence[sequence].append(invoice)
    for sequence, group in by_sequence.items():
        for invoice, number in zip(group, sequence.get_many(len(group)), strict=True):
            invoice.number = number


def _content(books, document):
    """What is posted, in words a person can compare: the total, and the day it is due when it is not due at once."""
    total = books.written(document["total"])
    return f"{total} due {document['due_on']}" if document["due_on"] else total


def _gross(line):
    return line["net"] + sum((tax["amount"] for tax in line["taxes"]), Decimal(0))
