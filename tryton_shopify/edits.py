"""What people changed after us: the ledger as it was booked, in a digest, against the ledger as it is.

Customers and variants are compared field by field (``masters.py``). Not here: what to do about it. Only what a person
can change is looked for; matching, due days and the parties of a ledger line are theirs.
"""

import hashlib
from collections import defaultdict
from decimal import Decimal

from . import masters
from .tables import BOOKED, externals, fetch, page, tables

MASTERS = ("party.party", "product.product")
CANCELLABLE = ("account.invoice", "sale.sale", "stock.shipment.out", "stock.shipment.out.return")


def digests(records):
    """Digest what the ledger holds for invoices and moves: the day, amounts by account, and what taxes report.

    Args:
        records: References, ``account.invoice,1`` or ``account.move,2``.

    Returns:
        {reference: digest}; without what is gone or has no move.
    """
    move_of = _moves_of(records)
    content = defaultdict(lambda: defaultdict(Decimal))
    for move, on, account, debit, credit in _lines(set(move_of.values())):
        content[move][f"{on} {account}"] += debit - credit
    for move, kind, tax, amount in _tax_lines(set(move_of.values())):
        content[move][f"{kind} {tax}"] += amount
    return {record: _digest(content[move]) for record, move in move_of.items()}


def edited(shop, after, limit, resources, models, among=None):
    """Return one page of the records that are not what was booked: ``changed``, ``cancelled`` or ``deleted``.

    Args:
        among: Only these external ids, by resource; None: all of them.
    """
    external, ids = externals(shop, resources, after, limit, among=among)
    query = external.select(
        external.resource,
        external.external_id,
        external.record,
        external.booked,
        where=external.id.in_(ids or [0]),
        order_by=external.id,
    )
    found = fetch(query)
    records = [record for _, _, record, _ in found]
    standing = {model: _standing(model, _ids(records, model)) for model in models}
    cancelled = _cancelled(records)
    now = digests([record for resource, _, record, _ in found if resource in BOOKED])
    held = masters.held([f"{model},{id_}" for model in MASTERS for id_ in standing[model]])
    rows = []
    for resource, external_id, record, booked in found:
        model, _, number = record.partition(",")
        if int(number) not in standing[model]:
            what = "deleted"
        elif record in cancelled:
            what = "cancelled"
        elif not (masters.is_ours(booked, held[record]) if record in held else booked == now.get(record)):
            what = "changed"
        else:
            continue
        rows.append({"resource": resource, "external_id": external_id, "record": record, "what": what})
    return page(rows, ids, limit)


def _moves_of(records):
    """The ledger move of each invoice and move."""
    (invoice,) = tables("account.invoice")
    ids = _ids(records, "account.invoice")
    query = invoice.select(invoice.id, invoice.move, where=invoice.id.in_(ids or [0]) & (invoice.move > 0))
    moves = _standing("account.move", _ids(records, "account.move"))
    return {f"account.invoice,{id_}": move for id_, move in fetch(query)} | {
        f"account.move,{id_}": id_ for id_ in moves
    }


def _lines(moves):
    move, line = tables("account.move", "account.move.line")
    query = move.join(line, condition=line.move == move.id).select(
        move.id, move.date, line.account, line.debit, line.credit, where=move.id.in_(list(moves) or [0])
    )
    return fetch(query)


def _tax_lines(moves):
    line, tax_line = tables("account.move.line", "account.tax.line")
    query = line.join(tax_line, condition=tax_line.move_line == line.id).select(
        line.move, tax_line.type, tax_line.tax, tax_line.amount, where=line.move.in_(list(moves) or [0])
    )
    return fetch(query)


def _digest(content):
    text = "\n".join(f"{key} {amount.normalize():f}" for key, amount in sorted(content.items()))
    return hashlib.sha256(text.encode()).hexdigest()


def _standing(model, ids):
    (record,) = tables(model)
    return {id_ for (id_,) in fetch(record.select(record.id, where=record.id.in_(ids or [0])))}


def _cancelled(records):
    """What somebody cancelled; a move that is posted can only be cancelled by another one."""
    found = set()
    for model in CANCELLABLE:
        (record,) = tables(model)
        cancelled = (record.state == "cancelled") & record.id.in_(_ids(records, model) or [0])
        found |= {f"{model},{id_}" for (id_,) in fetch(record.select(record.id, where=cancelled))}
    (move,) = tables("account.move")
    moves = [record for record in records if record.startswith("account.move,")]
    reversed_ = move.origin.in_(moves or [""]) & (move.state == "posted")
    return found | {origin for (origin,) in fetch(move.select(move.origin, where=reversed_))}


def _ids(records, model):
    return [int(record.partition(",")[2]) for record in records if record.startswith(f"{model},")]
