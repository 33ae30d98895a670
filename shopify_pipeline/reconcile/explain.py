"""A break as it is told to people: itself, its history, what its rule compares, and the records of both sides.

Here: reading, by the columns that name what a break is about. Not here: writing the ledger (``ledger.py``), and the way
back to what Shopify sent (``steps/explain.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from psycopg import Connection, sql
from psycopg.rows import TupleRow, dict_row

from shopify_pipeline.reconcile.rules import rules
from shopify_pipeline.schemas import STREAMS, Table
from shopify_pipeline.schemas.kinds import Pii
from shopify_pipeline.statements import statements

SQL = statements(Path(__file__).with_name("explain.sql"))
STATUSES = ("open", "auto_repaired", "accepted", "closed")
#: Rows of one table that are shown; a break about more than these is about a sum.
ROWS_MAX = 200
#: Tables that hold what we did, or no record of anything.
NOT_TOLD = frozenset({"pushes", "count_proposals", "value_map", "snapshots", "totals"})

Conn = Connection[TupleRow]
Rows = list[dict[str, Any]]

#: Root tables of the warehouse by name, each with the GraphQL type of its roots.
ROOTS: Mapping[str, tuple[str, Table]] = {
    table.name: (node, table) for stream in STREAMS.values() for node, table in stream.roots
}
#: What names a thing in a table of the warehouse or the census, besides its root column.
VARIANT = {
    "variant_id": "{column} = %(number)s",
    "inventory_item_id": "{column} in (select inventory_item_id from shopify.variants "
    "where shop = %(shop)s and variant_id = %(number)s)",
}
#: What names it in a table of the back office, by the kind of what the break is about.
BACKOFFICE: Mapping[str, Mapping[str, str]] = {
    "orders": {"order_id": "{column} = %(number)s"},
    "variants": {"product": "{column} = %(number)s::text", "products.external_id": "{column} = %(number)s::text"},
    "customers": {"parties.external_id": "{column} = %(number)s::text", "party": "{column} = %(number)s::text"},
    "accounts": {"account": "{column} = %(id)s"},
}
#: Of anything else: entries are named after it, as ``payout/<id>``.
ENTRIES = {"ledger.external_id": "resource = 'entries' and split_part({column}, '/', 2) = %(id)s"}


def breaks(
    conn: Conn,
    shop: str,
    *,
    statuses: Sequence[str] = ("open",),
    rule: str | None = None,
    kind: str | None = None,
    break_id: str | None = None,
) -> Rows:
    """Breaks with their age and amount at risk, oldest first; age and amount only of open ones."""
    values = {"statuses": list(statuses), "rule": rule, "class": kind, "break_id": break_id}
    return _rows(conn, SQL["breaks"], {"shop": shop, **values})


def history(conn: Conn, shop: str, break_id: str) -> Rows:
    """What happened to a break, in order."""
    return _rows(conn, SQL["history"], {"shop": shop, "break_id": break_id})


def compared(name: str) -> dict[str, Any]:
    """What a rule compares, in its own words; a rule there is no more has none."""
    rule = rules().get(name)
    if rule is None:
        return {}
    head = rule.path.read_text().partition("-- name:")[0]
    says = [line.removeprefix("--").strip() for line in head.splitlines() if line.startswith("--")]
    return {"title": rule.title, "systems": list(rule.systems), "key": rule.key, "says": says, "file": rule.path.name}


def both_sides(conn: Conn, shop: str, entity: str, *, personal: bool) -> dict[str, dict[str, Rows]]:
    """Every record of what a break is about: the shop's as counted, the back office's as read, the warehouse's.

    Args:
        entity: ``orders/<id>``, ``variants/<id>``, ``payouts/<id>``, ``accounts/<code>`` …
        personal: Whether columns of the warehouse that may name a person are shown too.

    Returns:
        Rows by side (``shop``, ``backoffice``, ``warehouse``) and table; tables without any are left out.
    """
    kind, _, external_id = entity.partition("/")
    naming = _naming(kind)
    values = {"shop": shop, "id": external_id, "number": int(external_id) if external_id.isdecimal() else None}
    if not external_id.isdecimal():
        naming = {}
    books = BACKOFFICE.get(kind, ENTRIES)
    hidden = frozenset() if personal else _personal()
    return {
        "shop": _side(conn, "recon", naming, values, only="census_"),
        "backoffice": _side(conn, "backoffice", books if naming or kind == "accounts" else {}, values),
        "warehouse": _side(conn, "shopify", naming, values, hidden=hidden),
    }


def root_of(conn: Conn, shop: str, entity: str) -> tuple[str, str, int] | None:
    """Root table, GraphQL type and id of what the warehouse keeps of this; None when it keeps nothing of the kind."""
    kind, _, external_id = entity.partition("/")
    if not external_id.isdecimal():
        return None
    if kind == "variants":
        row = conn.execute(SQL["product_of_variant"], {"shop": shop, "number": int(external_id)}).fetchone()
        return ("products", "Product", int(row[0])) if row else None
    if kind not in ROOTS:
        return None
    return kind, ROOTS[kind][0], int(external_id)


def load_of(conn: Conn, shop: str, table: str, number: int) -> int | None:
    """The load that brought a root's last version; None when the warehouse does not have it."""
    query = sql.SQL("select _load_id from {} where shop = %(shop)s and {} = %(number)s limit 1").format(
        sql.Identifier("shopify", table), sql.Identifier(ROOTS[table][1].root_column)
    )
    row = conn.execute(query, {"shop": shop, "number": number}).fetchone()
    return int(row[0]) if row else None


def _naming(kind: str) -> Mapping[str, str]:
    if kind == "variants":
        return VARIANT
    return {ROOTS[kind][1].root_column: "{column} = %(number)s"} if kind in ROOTS else {}


def _side(
    conn: Conn,
    schema: str,
    naming: Mapping[str, str],
    values: Mapping[str, Any],
    *,
    only: str = "",
    hidden: frozenset[tuple[str, str]] = frozenset(),
) -> dict[str, Rows]:
    found = {}
    for table, columns in conn.execute(SQL["columns"], {"schema": schema}).fetchall():
        names = [name for name in columns if name in naming or f"{table}.{name}" in naming]
        if not names or table in NOT_TOLD or not table.startswith(only):
            continue
        conditions = [
            sql.SQL(naming.get(f"{table}.{name}") or naming[name]).format(column=sql.Identifier(name)) for name in names
        ]
        shown = [name for name in columns if name != "shop" and (table, name) not in hidden]
        query = sql.SQL("select {} from {} where shop = %(shop)s and ({}) order by {} limit {}").format(
            sql.SQL(", ").join(map(sql.Identifier, shown)),
            sql.Identifier(schema, table),
            sql.SQL(" or ").join(conditions),
            sql.SQL(", ").join(sql.SQL(str(place)) for place in range(1, min(len(shown), 6) + 1)),
            sql.Literal(ROWS_MAX),
        )
        if rows := _rows(conn, query, values):
            found[table] = rows
    return found


def _personal() -> frozenset[tuple[str, str]]:
    return frozenset(
        (table.name, column.name)
        for stream in STREAMS.values()
        for table in stream.tables
        for column in table.columns
        if column.pii is not Pii.NONE
    )


def _rows(conn: Conn, query: Any, values: Mapping[str, Any]) -> Rows:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, values).fetchall()
