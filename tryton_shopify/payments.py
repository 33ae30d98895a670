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
        Refused: The account is not in the books, or a booked payment changed.
    """
    for payment in order["payments"]:
        name = payment["external_id"]
        if not references.known("payments", name):
            books.account(payment["account"])
            books.open_date(payment["on"])
        elif Decimal(references.fingerprint("payments", name)) != payment["amount"]:
            booked = references.fingerprint("payments", name)
            raise Refused(f"payment {name} is booked with {booked} and cannot become {payment['amount']}")


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
        references.add("payments", payment["external_id"], move, str(payment["amount"]))
        lines = sorted((line for line in move.lines if line.account == books.receivable), key=lambda line: line.id)
        for (invoice, _), line in zip(parts, lines, strict=True):
            if invoice is not None:
                towards[invoice].append(line)
    return towards


def settle(references, books, orders, towards):
    """Reconcile what clears: a whole order at once, else each document that its payments cover in full.

    What covers a document only in part is linked to it, so that it shows the amount still due.
    """
    pool = Pool()
    Invoice, Line = pool.get("account.invoice"), pool.get("account.move.line")
    groups, linked = [], {}
    for order in orders:
        open_lines = _open_lines(references, books, order)
        if not open_lines:
            continue
        if not _balance(open_lines):
            groups.append(open_lines)
            continue
        ids = [references.record("documents", d["external_id"]).id for d in order["documents"]]
        for invoice in Invoice.browse([id_ for id_ in ids if id_ in towards]):
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
    sale = references.record("orders", order["external_id"])
    clearing = books.account(payment["account"])
    booked_on = books.open_date(payment["on"])
    lines = [
        {
            "account": clearing.id,
            "party": sale.party.id if clearing.party_required else None,
            **debit_credit(payment["amount"]),
        }
    ]
    lines += [
        {
            "account": books.receivable.id,
            "party": sale.party.id if books.receivable.party_required else None,
            "maturity_date": payment["on"],
            **debit_credit(-part),
        }
        for _, part in parts
    ]
    return {
        "company": books.company.id,
        "journal": books.journal("cash").id,
        "date": booked_on,
        "period": books.period(booked_on).id,
        "origin": str(sale),
        "description": f"{order['name']} {payment['gateway']} {payment['external_id']}",
        "lines": [("create", lines)],
    }


def _open_lines(references, books, order):
    moves = [references.record("documents", document["external_id"]).move for document in order["documents"]]
    moves += [references.record("payments", payment["external_id"]) for payment in order["payments"]]
    return [
        line
        for move in Pool().get("account.move").browse([move.id for move in moves])
        for line in move.lines
        if line.account == books.receivable and not line.reconciliation
    ]


def _balance(lines):
    return sum((line.debit - line.credit for line in lines), Decimal(0))
