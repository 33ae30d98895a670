"""Ask the shop itself: are these roots in the warehouse what the Admin API says of them now?

Here: reading roots again, whole, and comparing every row. Not here: comparing rows (``verify.py``), choosing the roots.
A root that changed in the shop since it was loaded is not wrong but newer, and is counted as such.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from psycopg import sql

from shopify_pipeline.schemas import Stream, Table
from shopify_pipeline.schemas.decode import Decoded, Decoder, Rejection, tail
from shopify_pipeline.schemas.records import assemble
from shopify_pipeline.steps.verify import Difference, canonical, differences, held_rows
from shopify_pipeline.warehouse.connect import Connection
from shopify_pipeline.warehouse.root_ids import number_of, tail_sql

#: Roots asked for and compared at a time.
BATCH = 250


#: Reads these roots of a stream whole: kind and content of every answer. One that is gone leaves nothing.
Read = Callable[[str, Sequence[str]], list[tuple[str, bytes]]]


@dataclass
class Verified:
    """What comparing one stream with the shop found.

    Attributes:
        roots, rows: Compared, as the shop has them.
        newer: Roots that changed in the shop since they were loaded, or came since.
        withheld: Roots in quarantine, of which the warehouse keeps the last good version.
    """

    stream: str
    roots: int = 0
    rows: int = 0
    newer: int = 0
    withheld: int = 0
    differences: list[Difference] = field(default_factory=list)


def held_roots(conn: Connection, shop: str, root: Table, number: int | None, seed: str) -> list[str]:
    """Tails of roots the warehouse holds: so many, drawn by the seed, or all of them."""
    query = sql.SQL(
        "select {tail} from {table} as held where held.shop = %(shop)s and not held._deleted "
        "order by md5({tail} || %(seed)s) limit %(number)s"
    ).format(tail=tail_sql(root), table=sql.Identifier("shopify", root.name))
    return [row[0] for row in conn.execute(query, {"shop": shop, "seed": seed, "number": number}).fetchall()]


def verify_roots(
    conn: Connection, read: Read, *, shop: str, stream: Stream, gids: Sequence[str], loaded_up_to: datetime
) -> Verified:
    """Read these roots again and compare every row of every table with the warehouse.

    Args:
        loaded_up_to: The stream's cursor; a root of a later stamp that the warehouse does not have is newer.
    """
    verified = Verified(stream.name)
    withheld = _withheld(conn, shop, stream)
    for begin in range(0, len(gids), BATCH):
        asked = [gid for gid in gids[begin : begin + BATCH] if gid not in withheld]
        verified.withheld += len(gids[begin : begin + BATCH]) - len(asked)
        _compare(conn, shop, stream, asked, _decoded(stream, read(stream.name, asked)), loaded_up_to, verified)
    return verified


def _decoded(stream: Stream, bodies: Iterable[tuple[str, bytes]]) -> dict[str, Decoded]:
    """The newest reading of each root that is there."""
    documents = assemble(stream, [(kind, (body,)) for kind, body in bodies]).documents
    decoded = Decoder(stream).decode(documents)
    return {one.gid: one for one in decoded if not isinstance(one, Rejection)}


def _compare(
    conn: Connection,
    shop: str,
    stream: Stream,
    asked: Sequence[str],
    told: Mapping[str, Decoded],
    loaded_up_to: datetime,
    verified: Verified,
) -> None:
    for node, root in stream.roots:
        gids = [gid for gid in asked if f"/{node}/" in gid]
        if not gids:
            continue
        stamps = _stamps(conn, shop, root, gids)
        newer = {
            gid
            for gid, decoded in told.items()
            if decoded.updated_at is not None and decoded.updated_at > stamps.get(tail(gid), loaded_up_to)
        }
        verified.newer += sum(1 for gid in gids if gid in newer)
        compared = [gid for gid in gids if gid not in newer]
        verified.roots += sum(1 for gid in compared if gid in told)
        for table in (root, *stream.children_of(root)):
            names = [column.name for column in table.columns]
            rows = [
                dict(zip(names, map(canonical, row), strict=True))
                for gid in compared
                if gid in told
                for row in told[gid].rows.get(table.name, ())
            ]
            verified.rows += len(rows)
            held = held_rows(conn, shop, table, names, (root, [tail(gid) for gid in compared]))
            verified.differences += differences(table, rows, held)


def _stamps(conn: Connection, shop: str, root: Table, gids: Sequence[str]) -> dict[str, datetime]:
    """``updated_at`` of what the warehouse holds of these roots, by what identifies them."""
    if all(column.name != "updated_at" for column in root.columns):
        return {}
    query = sql.SQL(
        "select {tail}, held.updated_at from {table} as held "
        "where held.shop = %(shop)s and not held._deleted and held.{root} = any(%(numbers)s)"
    ).format(tail=tail_sql(root), root=sql.Identifier(root.root_column), table=sql.Identifier("shopify", root.name))
    numbers = [number_of(tail(gid)) for gid in gids]
    return dict(conn.execute(query, {"shop": shop, "numbers": numbers}).fetchall())


def _withheld(conn: Connection, shop: str, stream: Stream) -> set[str]:
    rows = conn.execute(
        "select root_type, root_id from ops.quarantine where shop = %s and stream = %s and released_at is null",
        (shop, stream.name),
    ).fetchall()
    return {f"gid://shopify/{root_type}/{root_id}" for root_type, root_id in rows}
