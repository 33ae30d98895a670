"""Tamperings of the back office, done where a person with a tool for databases would: in the server's own tables.

Here: one function each, which changes rows and says every break that must follow from amounts, days and places alone.
Not here: undoing (``changes.py``), choosing among them, and any rule.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from shopify_pipeline_tests.tampering.changes import Changes
from shopify_pipeline_tests.tampering.facts import CLEARING, HELD_FOR_OTHERS, RECEIVABLE, Document, Facts, Payment
from shopify_pipeline_tests.tampering.finding import Findings, Name, added

#: Changes the books, and says what must be found; None when there is nothing left it could be done to.
Tampering = Callable[[Changes, Facts, Random], Findings | None]
LINES = """
select l.id, a.code, l.debit, l.credit
from shopify_external as e
left join account_invoice as i on e.record = 'account.invoice,' || i.id
inner join account_move_line as l on l.move = coalesce(i.move, cast(substr(e.record, 14) as integer))
inner join account_account as a on a.id = l.account
where e.resource = ? and e.external_id = ?
order by l.id
"""
MOVE_OF_PAYMENT = """
select cast(substr(record, 14) as integer) from shopify_external where resource = 'payments' and external_id = ?
"""
WRONG_ACCOUNT = "3900"
CENT = Decimal("0.01")


def payment_lost(books: Changes, facts: Facts, rng: Random) -> Findings | None:
    """A payment is deleted with its ledger lines."""
    payment = _taken(facts, rng, facts.free_payments())
    if payment is None:
        return None
    [(move,)] = books.rows(MOVE_OF_PAYMENT, payment.name)
    for line, *_ in books.rows(LINES, "payments", payment.name):
        books.delete("account_move_line", line)
    books.delete("account_move", move)
    kind = "missing_backoffice" if facts.given_back.get(payment.order) == 1 else "amount_mismatch"
    return {
        Name("P1", "missing_backoffice", f"orders/{payment.order}", payment.name): -payment.amount,
        **_sums_of_payment(payment, -payment.amount, kind),
        Name("M1", "manual_edit", f"payments/{payment.name}", f"payments/{payment.name}"): None,
    }


def payment_of_another_amount(books: Changes, facts: Facts, rng: Random) -> Findings | None:
    """A payment's amount is changed on both sides of its move."""
    return _payment_changed(books, facts, rng, Decimal(rng.randrange(2, 900)) / 100)


def payment_one_cent_more(books: Changes, facts: Facts, rng: Random) -> Findings | None:
    """A payment is a cent more, on both sides of its move."""
    return _payment_changed(books, facts, rng, CENT)


def payment_on_another_account(books: Changes, facts: Facts, rng: Random) -> Findings | None:
    """A payment of the right amount waits at the wrong gateway."""
    payment = _taken(facts, rng, facts.free_payments())
    if payment is None:
        return None
    wrong = rng.choice([code for code in CLEARING if code != payment.account])
    _move_line(books, "payments", payment.name, payment.account, wrong)
    order = f"orders/{payment.order}"
    return {
        Name("L1", "amount_mismatch", order, f"{payment.name} on {payment.account}"): -payment.amount,
        Name("L1", "amount_mismatch", order, f"{payment.name} on {wrong}"): payment.amount,
        Name("Y6", "amount_mismatch", f"accounts/{payment.account}"): -payment.amount,
        Name("Y6", "amount_mismatch", f"accounts/{wrong}"): payment.amount,
        **_by_hand(payment.order, "payments", payment.name),
    }


def payment_on_another_day(books: Changes, facts: Facts, rng: Random) -> Findings | None:
    """A payment is dated a day late; it stands in the ledger where it stood."""
    payment = _taken(facts, rng, facts.free_payments(lambda each: each.day < facts.last_day))
    if payment is None:
        return None
    [(move,)] = books.rows(MOVE_OF_PAYMENT, payment.name)
    wrong = payment.day + timedelta(days=1)
    books.update("account_move", move, shopify_on=wrong.isoformat())
    return {
        Name("L3", "status_mismatch", f"orders/{payment.order}", payment.name): None,
        _day(payment.day, payment.figure): -payment.amount,
        _day(wrong, payment.figure): payment.amount,
    }


def payments_swapped(books: Changes, facts: Facts, rng: Random) -> Findings | None:
    """Two payments change orders; of equal ones nothing but their own order tells."""
    came_in = facts.free_payments(lambda each: each.amount > 0)
    first = _taken(facts, rng, came_in)
    second = _taken(facts, rng, [each for each in came_in if first and each.order != first.order])
    if first is None or second is None:
        return None
    moves = [
        books.rows(
            "select m.id, m.origin from shopify_external as e inner join account_move as m "
            "on e.record = 'account.move,' || m.id where e.resource = 'payments' and e.external_id = ?",
            each.name,
        )[0]
        for each in (first, second)
    ]
    (one, own), (other, others) = moves
    books.update("account_move", one, origin=others)
    books.update("account_move", other, origin=own)
    apart = first.amount - second.amount
    found: dict[Name, Decimal | None] = {
        Name("P2", "orphan", f"orders/{each.order}", each.name): Decimal(0) for each in (first, second)
    }
    if apart:
        found[Name("O12", "amount_mismatch", f"orders/{first.order}")] = apart
        found[Name("O12", "amount_mismatch", f"orders/{second.order}")] = -apart
    return found


def document_lost(books: Changes, facts: Facts, rng: Random) -> Findings | None:
    """A posted invoice is deleted with everything it stands for."""
    return _document_lost(books, facts, rng, is_of_a_refund=False)


def credit_note_lost(books: Changes, facts: Facts, rng: Random) -> Findings | None:
    """A posted credit note is deleted with everything it stands for."""
    return _document_lost(books, facts, rng, is_of_a_refund=True)


def document_of_another_amount(books: Changes, facts: Facts, rng: Random) -> Findings | None:
    """A document's total and its two sides in the ledger are changed; it still balances."""
    return _document_changed(books, facts, rng, Decimal(rng.randrange(2, 900)) / 100)


def document_one_cent_more(books: Changes, facts: Facts, rng: Random) -> Findings | None:
    """A document is a cent more, on both sides of the ledger."""
    return _document_changed(books, facts, rng, CENT)


def invoices_that_offset(books: Changes, facts: Facts, rng: Random) -> Findings | None:
    """Two invoices of a day change by amounts that offset each other: the day's sums are right."""
    days = {each.day for each in facts.free_documents(_is_invoice)}
    for day in sorted(days):
        same_day = facts.free_documents(lambda each, day=day: _is_invoice(each) and each.day == day)  # type: ignore[misc]
        if len({each.order for each in same_day}) > 1:
            first = _taken(facts, rng, same_day)
            second = _taken(facts, rng, [each for each in same_day if first and each.order != first.order])
            if first is not None and second is not None:
                return added([_altered(books, first, Decimal(5)), _altered(books, second, Decimal(-5))])
    return None


def document_on_another_account(books: Changes, facts: Facts, rng: Random) -> Findings | None:
    """What was sold stands on the wrong account; the total is right."""
    document = _taken(facts, rng, facts.free_documents(lambda each: bool(each.total)))
    if document is None:
        return None
    sold = [
        (line, code, Decimal(debit.decode()) - Decimal(credit.decode()))
        for line, code, debit, credit in books.rows(LINES, "documents", document.name)
        if code not in (RECEIVABLE, *HELD_FOR_OTHERS)
    ]
    right = rng.choice([code for _, code, _ in sold])
    amount = sum((amount for _, code, amount in sold if code == right), Decimal(0))
    _move_line(books, "documents", document.name, right, WRONG_ACCOUNT)
    order = f"orders/{document.order}"
    return added(
        [
            {
                Name("L1", "amount_mismatch", order, f"{document.name} on {right}"): -amount,
                Name("L1", "amount_mismatch", order, f"{document.name} on {WRONG_ACCOUNT}"): amount,
            },
            _by_hand(document.order, "documents", document.name),
        ]
    )


def document_on_another_day(books: Changes, facts: Facts, rng: Random) -> Findings | None:
    """A document is dated a day late; it stands in the ledger where it stood."""
    document = _taken(facts, rng, facts.free_documents(lambda each: each.day < facts.last_day))
    if document is None:
        return None
    wrong = document.day + timedelta(days=1)
    books.update("account_invoice", _invoice(books, document)[0], invoice_date=wrong.isoformat())
    return added(
        [
            {Name("L3", "status_mismatch", f"orders/{document.order}", document.name): None},
            _sums_of_day(document, document.day, -1),
            _sums_of_day(document, wrong, 1),
        ]
    )


def document_of_another_party(books: Changes, facts: Facts, rng: Random) -> Findings | None:
    """Somebody else owes a document."""
    document = _taken(facts, rng, facts.free_documents(lambda each: bool(each.total)))
    if document is None:
        return None
    for line, code, *_ in books.rows(LINES, "documents", document.name):
        if code == RECEIVABLE:
            [(owing,)] = books.rows("select party from account_move_line where id = ?", line)
            parties = books.rows(
                "select cast(substr(record, 13) as integer) from shopify_external "
                "where resource = 'parties' and record <> ? order by id",
                f"party.party,{owing}",
            )
            books.update("account_move_line", line, party=parties[0][0])
    return {Name("L4", "status_mismatch", f"orders/{document.order}", f"{document.name} party"): None}


def document_of_another_company(books: Changes, facts: Facts, rng: Random) -> Findings | None:
    """A document stands in the books of another company."""
    document = _taken(facts, rng, facts.free_documents(lambda each: True))
    if document is None:
        return None
    _, move = _invoice(books, document)
    [(other,)] = books.rows(
        "select max(id) from company_company where id <> (select company from account_move where id = ?)", move
    )
    books.update("account_move", move, company=other)
    return {Name("L4", "status_mismatch", f"orders/{document.order}", f"{document.name} company"): None}


TAMPERINGS: tuple[Tampering, ...] = (
    payment_lost,
    payment_of_another_amount,
    payment_one_cent_more,
    payment_on_another_account,
    payment_on_another_day,
    payments_swapped,
    document_lost,
    credit_note_lost,
    document_of_another_amount,
    document_one_cent_more,
    invoices_that_offset,
    document_on_another_account,
    document_on_another_day,
    document_of_another_party,
    document_of_another_company,
)


def _payment_changed(books: Changes, facts: Facts, rng: Random, by: Decimal) -> Findings | None:
    payment = _taken(facts, rng, facts.free_payments())
    if payment is None:
        return None
    _add(books, "payments", payment.name, payment.account, by)
    _add(books, "payments", payment.name, RECEIVABLE, -by)
    order = f"orders/{payment.order}"
    return {
        Name("P2", "amount_mismatch", order, payment.name): by,
        Name("L1", "amount_mismatch", order, f"{payment.name} on {payment.account}"): by,
        Name("L1", "amount_mismatch", order, f"{payment.name} on {RECEIVABLE}"): -by,
        **_sums_of_payment(payment, by, "amount_mismatch"),
        **_by_hand(payment.order, "payments", payment.name),
    }


def _sums_of_payment(payment: Payment, by: Decimal, kind: str) -> dict[Name, Decimal | None]:
    """What its order, its day and its gateway sum to when a payment is another amount; its order may lose them all."""
    found: dict[Name, Decimal | None] = {
        Name("O12", "amount_mismatch", f"orders/{payment.order}"): -by,
        Name("Y6", "amount_mismatch", f"accounts/{payment.account}"): by,
        _day(payment.day, payment.figure): by,
    }
    if payment.amount < 0:
        found[Name("R2b", kind, f"orders/{payment.order}")] = by
    return found


def _document_lost(books: Changes, facts: Facts, rng: Random, *, is_of_a_refund: bool) -> Findings | None:
    document = _taken(
        facts, rng, [each for each in _of_goods(books, facts) if each.is_of_a_refund == is_of_a_refund and each.total]
    )
    if document is None:
        return None
    invoice, move = _invoice(books, document)
    for line, *_ in books.rows(LINES, "documents", document.name):
        for (tax,) in books.rows("select id from account_tax_line where move_line = ?", line):
            books.delete("account_tax_line", tax)
        books.delete("account_move_line", line)
    books.delete("account_move", move)
    books.delete("account_invoice", invoice)
    order = f"orders/{document.order}"
    own = (
        {
            Name("R1", "missing_backoffice", order, document.name): -document.total,
            Name("O5", "amount_mismatch", order, "ledger"): -document.total,
        }
        if is_of_a_refund
        else {Name("O5", "missing_backoffice", order, "ledger"): -document.total}
    )
    return added(
        [
            own,
            {Name("O12", "amount_mismatch", order): -document.total},
            _sums_of_day(document, document.day, -1),
            {Name("M1", "manual_edit", f"documents/{document.name}", f"documents/{document.name}"): None},
        ]
    )


def _document_changed(books: Changes, facts: Facts, rng: Random, by: Decimal) -> Findings | None:
    document = _taken(facts, rng, [each for each in _of_goods(books, facts) if each.total])
    return None if document is None else _altered(books, document, by)


def _altered(books: Changes, document: Document, by: Decimal) -> Findings:
    invoice, _ = _invoice(books, document)
    sold = next(
        code
        for _, code, *_ in books.rows(LINES, "documents", document.name)
        if code not in (RECEIVABLE, "2200", "2210")
    )
    _add(books, "documents", document.name, RECEIVABLE, by)
    _add(books, "documents", document.name, sold, -by)
    books.update("account_invoice", invoice, total_amount_cache=document.total + by)
    order = f"orders/{document.order}"
    found: dict[Name, Decimal | None] = {
        Name("O5", "amount_mismatch", order, "ledger"): by,
        Name("L1", "amount_mismatch", order, f"{document.name} on {RECEIVABLE}"): by,
        Name("L1", "amount_mismatch", order, f"{document.name} on {sold}"): -by,
        Name("O12", "amount_mismatch", order): by,
        _day(document.day, document.figure): by,
        **_by_hand(document.order, "documents", document.name),
    }
    if document.is_of_a_refund:
        found[Name("R2a", "amount_mismatch", order, document.name)] = by
    return found


def _sums_of_day(document: Document, day: date, sign: int) -> dict[Name, Decimal | None]:
    sums: dict[Name, Decimal | None] = {_day(day, document.figure): sign * document.total}
    if document.tax:
        sums[_day(day, "tax")] = sign * document.tax
    return {name: amount for name, amount in sums.items() if amount}


def _of_goods(books: Changes, facts: Facts) -> list[Document]:
    """Documents that owe nothing to holders of gift cards or credit."""
    return [
        each
        for each in facts.free_documents(lambda each: True)
        if not {code for _, code, *_ in books.rows(LINES, "documents", each.name)} & set(HELD_FOR_OTHERS)
    ]


def _is_invoice(document: Document) -> bool:
    return not document.is_of_a_refund and document.figure == "sales" and bool(document.total)


def _taken(facts: Facts, rng: Random, candidates: list) -> Document | Payment | None:  # type: ignore[type-arg]
    if not candidates:
        return None
    chosen = rng.choice(candidates)
    facts.taken.add(chosen.order)
    return chosen  # type: ignore[no-any-return]


def _invoice(books: Changes, document: Document) -> tuple[int, int]:
    """Invoice and move."""
    [(invoice, move)] = books.rows(
        "select i.id, i.move from shopify_external as e inner join account_invoice as i "
        "on e.record = 'account.invoice,' || i.id where e.resource = 'documents' and e.external_id = ?",
        document.name,
    )
    return invoice, move


def _add(books: Changes, resource: str, name: str, account: str, by: Decimal) -> None:
    """Change debit less credit of the first line on an account."""
    line, _, debit, credit = next(row for row in books.rows(LINES, resource, name) if row[1] == account)
    amount = Decimal(debit.decode()) - Decimal(credit.decode()) + by
    books.update("account_move_line", line, debit=max(amount, Decimal(0)), credit=max(-amount, Decimal(0)))


def _move_line(books: Changes, resource: str, name: str, right: str, wrong: str) -> None:
    """Put the lines on one account on another of the same company."""
    for line, code, *_ in books.rows(LINES, resource, name):
        if code == right:
            [(account,)] = books.rows(
                "select other.id from account_move_line as l inner join account_account as a on a.id = l.account "
                "inner join account_account as other on other.company = a.company and other.code = ? where l.id = ?",
                wrong,
                line,
            )
            books.update("account_move_line", line, account=account)


def _by_hand(order: int, resource: str, name: str) -> dict[Name, Decimal | None]:
    return {Name("M1", "manual_edit", f"orders/{order}", f"{resource}/{name}"): None}


def _day(day: date, figure: str) -> Name:
    return Name("T1", "amount_mismatch", f"days/{day}", figure)
