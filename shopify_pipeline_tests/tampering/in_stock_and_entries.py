"""Tamperings of what the back office holds beside documents and payments: shelves, sales, fees and payouts.

Here and not here: as in ``in_tryton.py``, which holds what tampers with documents and payments.
"""

from __future__ import annotations

from decimal import Decimal
from random import Random

from shopify_pipeline_tests.tampering.changes import Changes
from shopify_pipeline_tests.tampering.facts import Facts
from shopify_pipeline_tests.tampering.finding import Findings, Name
from shopify_pipeline_tests.tampering.in_tryton import LINES, Tampering

CLEARED = "1100"
FEES = "6000"
ON_A_SHELF = """
select m.id, e.external_id, warehouse.code
from stock_move as m
inner join shopify_external as e on e.resource = 'products' and e.record = 'product.product,' || m.product
inner join stock_location as place on place.id = m.from_location and place.type = 'storage'
inner join stock_location as target on target.id = m.to_location and target.type = 'customer'
inner join stock_location as warehouse on warehouse.type = 'warehouse' and warehouse.storage_location = place.id
where m.state = 'done' and m.origin like 'sale.line,%'
order by m.id
"""


def stock_moved_by_hand(books: Changes, facts: Facts, rng: Random) -> Findings | None:
    """A unit is taken off a shelf, for nobody."""
    free = [row for row in books.rows(ON_A_SHELF) if row[1] not in facts.taken]
    if not free:
        return None
    move, variant, warehouse = rng.choice(free)
    facts.taken.add(variant)
    [(lost,)] = books.rows("select min(id) from stock_location where type = 'lost_found'")
    books.copy("stock_move", move, origin=None, shipment=None, to_location=lost, quantity=1.0, internal_quantity=1.0)
    return {Name("I1", "quantity_mismatch", f"variants/{variant}", warehouse): Decimal(-1)}


def second_sale(books: Changes, facts: Facts, rng: Random) -> Findings | None:
    """An order has a second sale, without a line."""
    free = sorted(facts.whole - facts.taken)
    if not free:
        return None
    order = rng.choice(free)
    facts.taken.add(order)
    [(sale,)] = books.rows("select id from sale_sale where web_id = ?", str(order))
    books.copy("sale_sale", sale)
    return {Name("O3", "duplicate", f"orders/{order}"): Decimal(1)}


def fee_altered(books: Changes, facts: Facts, rng: Random) -> Findings | None:
    """A fee is a cent more, on both sides of its entry."""
    entry = _entry(books, facts, rng, "balance/%", FEES)
    if entry is None:
        return None
    by = Decimal("0.01")
    for account, change in ((FEES, by), (CLEARED, -by)):
        line, _, debit, credit = next(row for row in books.rows(LINES, "entries", entry) if row[1] == account)
        amount = Decimal(debit.decode()) - Decimal(credit.decode()) + change
        books.update("account_move_line", line, debit=max(amount, Decimal(0)), credit=max(-amount, Decimal(0)))
    subject = f"balance_transactions/{entry.removeprefix('balance/')}"
    return {
        Name("Y4", "amount_mismatch", subject, FEES): by,
        Name("Y4", "amount_mismatch", subject, CLEARED): -by,
        Name("Y6", "amount_mismatch", f"accounts/{CLEARED}"): -by,
        Name("M1", "manual_edit", f"entries/{entry}", f"entries/{entry}"): None,
    }


def payout_lost(books: Changes, facts: Facts, rng: Random) -> Findings | None:
    """The entry of a payout is deleted."""
    entry = _entry(books, facts, rng, "payout/%", CLEARED)
    if entry is None:
        return None
    lines = books.rows(LINES, "entries", entry)
    cleared = sum(
        (Decimal(debit.decode()) - Decimal(credit.decode()) for _, code, debit, credit in lines if code == CLEARED),
        Decimal(0),
    )
    [(move,)] = books.rows("select move from account_move_line where id = ?", lines[0][0])
    for line, *_ in lines:
        books.delete("account_move_line", line)
    books.delete("account_move", move)
    return {
        Name("Y5", "missing_backoffice", f"payouts/{entry.removeprefix('payout/')}"): cleared,
        Name("Y6", "amount_mismatch", f"accounts/{CLEARED}"): -cleared,
        Name("M1", "manual_edit", f"entries/{entry}", f"entries/{entry}"): None,
    }


TAMPERINGS: tuple[Tampering, ...] = (stock_moved_by_hand, second_sale, fee_altered, payout_lost)


def _entry(books: Changes, facts: Facts, rng: Random, names: str, account: str) -> str | None:
    """An entry of these two sides alone, the clearing account and this one; of a payout, the bank is the other."""
    free = [
        name
        for (name,) in books.rows(
            "select external_id from shopify_external where resource = 'entries' and external_id like ? order by id",
            names,
        )
        if name not in facts.taken and account in {code for _, code, *_ in books.rows(LINES, "entries", name)}
    ]
    # A fee that is a movement of its own may be a dispute's, which another rule judges: those of payments have no more.
    free = [name for name in free if names != "balance/%" or name.removeprefix("balance/") in facts.fees]
    if not free:
        return None
    chosen = rng.choice(free)
    facts.taken.add(chosen)
    return chosen
