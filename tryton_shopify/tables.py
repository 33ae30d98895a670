"""Reading Tryton's own tables: pages of external ids, the joins to what they stand for, and what changed since when.

Not here: what a reading says (``snapshots.py``, ``edits.py``). Stamps are compared with the database's own clock.
"""

from datetime import datetime

from sql import Cast, Literal, Select, Union
from sql.functions import CurrentTimestamp
from sql.operators import Concat, Or
from trytond.pool import Pool
from trytond.transaction import Transaction

# What is in the ledger, and the model that stands for it.
BOOKED = {"documents": "account.invoice", "payments": "account.move", "entries": "account.move"}


def tables(*models):
    """Return the tables of the models, in their order."""
    return [Pool().get(model).__table__() for model in models]


def fetch(query):
    """Return every row of a query."""
    cursor = Transaction().connection.cursor()
    cursor.execute(*query)
    return cursor.fetchall()


def now():
    """Return the instant this transaction stamps its records with; without a time zone, as the stamps are."""
    ((instant,),) = fetch(Select([CurrentTimestamp()]))
    return (datetime.fromisoformat(instant) if isinstance(instant, str) else instant).replace(tzinfo=None)


def touched(table, since):
    """The condition that a record was written at or after an instant."""
    return (table.create_date >= since) | (table.write_date >= since)


def externals(shop, resources, after, limit, since=None, among=None):
    """The table of external ids and the next ids of a page.

    Args:
        since: Only what was written at or after it, on either side of the link; None: everything.
        among: Only these ids, by resource; None: all of them.
    """
    (external,) = tables("shopify.external")
    where = (external.shop == shop) & external.resource.in_(list(resources)) & (external.id > after)
    if since is not None:
        changed = touched(external, since)
        for model in {BOOKED[resource] for resource in resources}:
            changed |= external.record.in_(_changed(model, since))
        where &= changed
    if among is not None:
        where &= Or(
            [(external.resource == resource) & external.external_id.in_(ids) for resource, ids in among.items() if ids]
        )
    query = external.select(external.id, where=where, order_by=external.id, limit=limit)
    return external, [id_ for (id_,) in fetch(query)]


def points_to(external, model, table, column="id"):
    """The condition that an external id stands for a record of the model."""
    External = Pool().get("shopify.external")
    return external.record.like(f"{model},%") & (
        External.record.sql_id(external.record, External) == getattr(table, column)
    )


def booked(external):
    """The two ways from an external id into the ledger: each as (joined tables, the move, the sale it belongs to)."""
    invoice, move, sale = tables("account.invoice", "account.move", "sale.sale")
    of_document = (
        external.join(invoice, condition=points_to(external, "account.invoice", invoice))
        .join(move, condition=invoice.move == move.id)
        .join(sale, type_="LEFT", condition=invoice.shopify_order == sale.id)
    )
    yield of_document, move, sale
    move, sale = tables("account.move", "sale.sale")
    Move = Pool().get("account.move")
    from_sale = move.origin.like("sale.sale,%") & (Move.origin.sql_id(move.origin, Move) == sale.id)
    of_move = external.join(move, condition=points_to(external, "account.move", move)).join(
        sale, type_="LEFT", condition=from_sale
    )
    yield of_move, move, sale


def page(rows, ids, limit):
    """One page and the id to continue after; None when there is nothing more."""
    return {"rows": rows, "after": ids[-1] if len(ids) == limit else None}


def _changed(model, since):
    """The references of invoices or moves that changed, or whose ledger lines or tax lines did."""
    (record,) = tables(model)
    move = record.move if model == "account.invoice" else record.id
    reference = Concat(Literal(f"{model},"), Cast(record.id, "VARCHAR"))
    return record.select(reference, where=touched(record, since) | move.in_(_changed_moves(since)))


def _changed_moves(since):
    move, line, tax_line, taxed = tables("account.move", "account.move.line", "account.tax.line", "account.move.line")
    return Union(
        move.select(move.id, where=touched(move, since)),
        line.select(line.move, where=touched(line, since)),
        tax_line.join(taxed, condition=tax_line.move_line == taxed.id).select(
            taxed.move, where=touched(tax_line, since)
        ),
    )
