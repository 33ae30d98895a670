"""One posted ledger move per payment, and the open items of an order reconciled as one group.

Not here: documents. Matching is by order, never by a party's balance: guests share one party.
"""

from collections import defaultdict
from decimal import Decimal

from trytond.pool import Pool

from .books import debit_credit
from .references import Refused


def check(references, books, order):
    """Refuse the order when a payment of it cannot be booked.

    Raises:
        Refused: An account is not in the books, or a booked payment changed.
    """
    for payment in order["payments"]:
        name, content = payment["external_id"], _content(books, payment)
        if not references.known("payments", name):
            books.account(payment["account"])
            if payment["rounding"]:
                if not payment["rounding_account"]:
                    raise Refused(f"payment {name} is rounded by {payment['rounding']} but names no account for that")
                books.account(payment["rounding_account"])
            books.open_date(payment["on"])
        elif references.fingerprint("payments", name) != content:
            booked = references.fingerprint("payments", name)
            raise Refused(f"payment {name} is booked with {booked} and cannot become {content}")


def post(references, books, orders):
    """Post the new payments: clearing account against receivable, split over the order's open documents.

    Returns:
        {invoice id: receivable lines paid towards it}; a posted line can no longer be split, hence the split now.
    """
    pool = Pool()
    Invoice, Move = pool.get("account.invoice"), pool.get("account.move")
    values, sources = [], []
    for order in orders:
        new = [p for p in order["payments"] if not references.known("payments", p["external_id"])]
        if not new:
            continue
        invoices = Invoice.browse([references.record("documents", d["external_id"]).id for d in order["documents"]])
        due = {invoice.id: invoice.amount_to_pay for invoice in invoices}
        for payment in new:
            parts = _split(payment["amount"], due)
            values.append(_move(references, books, order, payment, parts))
            sources.append((payment, parts))
    moves = Move.create(values) if values else []
    Move.post(moves)
    towards = defaultdict(list)
    for (payment, parts), move in zip(sources, moves, strict=True):
        references.add("payments", payment["external_id"], move, _content(books, payment))
        lines = sorted((line for line in move.lines if line.account == books.receivable), key=lambda line: line.id)
        for (invoice, _), line in zip(parts, lines, strict=True):
            if invoice is not None:
                towards[invoice].append(line)
    return towards


def settle(books, sales, towards):
    """Reconcile what clears: a whole order at once, else each document that its payments cover in full.

    What covers a document only in part is linked to it, so that it shows the amount still due.

    Args:
        towards: What ``post`` returned.
    """
    pool = Pool()
    Invoice, Line = pool.get("account.invoice"), pool.get("account.move.line")
    open_of = _open_lines(books, sales)
    groups, linked = [], {}
    for sale in sales:
        open_lines = open_of[sale.id]
        if not open_lines:
            continue
        if not _balance(open_lines):
            groups.append(open_lines)
            continue
        for invoice in sale.shopify_documents:
            if invoice.id not in towards:
                continue
            paying = towards[invoice.id]
            owed = [line for line in (*invoice.lines_to_pay, *invoice.payment_lines) if not line.reconciliation]
            if _balance(owed + paying):
                linked[invoice] = paying
            else:
                groups.append(owed + paying)
    if linked:
        Invoice.add_payment_lines(linked)
    if groups:
        Line.reconcile(*groups)


def _split(amount, due):
    """Parts of a payment as (invoice id, amount): oldest open document first, the rest is the customer's credit.

    Args:
        amount: Signed amount of the payment.
        due: {invoice id: signed amount to pay}, in the order of the documents; reduced by what is taken.
    """
    parts, rest = [], amount
    for invoice, owed in due.items():
        if owed * rest > 0:
            taken = min(owed, rest) if rest > 0 else max(owed, rest)
            due[invoice] -= taken
            rest -= taken
            parts.append((invoice, taken))
    return [*parts, (None, rest)] if rest or not parts else parts


def _move(references, books, order, payment, parts):
    """The drawer has what was paid and what it was rounded by; the customer's debt falls by what was paid alone."""
    sale = references.record("orders", order["external_id"])
    rounding = payment["rounding"]
    booked_on = books.open_date(payment["on"])
    lines = [_line(books, sale, payment["account"], payment["amount"] + rounding)]
    lines += [
        {
            "account": books.receivable.id,
            "party": sale.party.id if books.receivable.party_required else None,
            "maturity_date": payment["on"],
            **debit_credit(-part),
        }
        for _, part in parts
    ]
    if rounding:
        lines.append(_line(books, sale, payment["rounding_account"], -rounding))
    return {
        "company": books.company.id,
        "journal": books.journal("cash").id,
        "date": booked_on,
        "period": books.period(booked_on).id,
        "shopify_on": payment["on"],
        "origin": str(sale),
        "description": f"{order['name']} {payment['gateway']} {payment['external_id']}",
        "lines": [("create", lines)],
    }


def _line(books, sale, code, amount):
    account = books.account(code)
    return {
        "account": account.id,
        "party": sale.party.id if account.party_required else None,
        **debit_credit(amount),
    }


def _content(books, payment):
    """What is booked, in words a person can compare; the codes do not count, for the value map may change."""
    amount = books.written(payment["amount"])
    if not payment["rounding"]:
        return amount
    return f"{amount} rounded by {books.written(payment['rounding'])}"


def _open_lines(books, sales):
    """What is open of each sale, by its id: of its documents, its payments and the entries that belong to it."""
    sale_of = {str(sale): sale.id for sale in sales}
    sale_of |= {str(invoice): sale.id for sale in sales for invoice in sale.shopify_documents}
    found = defaultdict(list)
    for line in (
        Pool()
        .get("account.move.line")
        .search(
            [
                ("account", "=", books.receivable.id),
                ("reconciliation", "=", None),
                ("move.state", "=", "posted"),
                ("move.origin", "in", list(sale_of)),
            ]
        )
    ):
        found[sale_of[str(line.move.origin)]].append(line)
    return found


def _balance(lines):
    return sum((line.debit - line.credit for line in lines), Decimal(0))
