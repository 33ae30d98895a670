"""The value map against what the shop says: words without a code, and codes for words nobody says.

Here: one-line calls of ``seen.sql`` and the comparison. Not here: the codes' own existence (``unknown_codes`` of the
back office).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow, class_row

from shopify_pipeline.backoffice.mapping.documents import OWN_CHANNELS
from shopify_pipeline.backoffice.protocol import Codes
from shopify_pipeline.backoffice.value_map import SECTIONS, ValueMap, tax_key
from shopify_pipeline.statements import statements

SQL = statements(Path(__file__).with_name("seen.sql"))

#: Kinds of entry that stand for a word of Shopify's; the rest are named by us.
KINDS = {"line": "lines", "gateway": "gateways", "tax": "taxes", "location": "locations", "balance": "balance"}
#: Entries used without such a word: a lost dispute is no type of balance transaction.
NAMED_BY_US = frozenset({("balance", "DISPUTE_LOST")})

Conn = Connection[TupleRow]


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """A word of Shopify's, and in how many records it was seen."""

    kind: str
    key: str
    records: int

    @property
    def line(self) -> str:
        """What to add to the value map; the code is the reader's to choose."""
        return f'[{SECTIONS[self.kind]}] {msgspec.json.encode(self.key).decode()} = "…"'


class _Seen(msgspec.Struct, frozen=True):
    word: str
    records: int


class _SeenTax(msgspec.Struct, frozen=True):
    title: str
    rate: Decimal | None
    is_channel_liable: bool | None
    records: int


def words(conn: Conn, shop: str, since: datetime | None) -> list[Word]:
    """Every word the shop has used.

    Args:
        since: Facts before it are not in the books; None: all count.
    """
    parameters = {"shop": shop, "since": since, "own_channels": list(OWN_CHANNELS)}
    found: list[Word] = []
    for kind, name in KINDS.items():
        if kind == "tax":
            with conn.cursor(row_factory=class_row(_SeenTax)) as cursor:
                taxes = cursor.execute(SQL[name], parameters).fetchall()
            keys = [(tax_key(each.title, each.rate, is_channel_liable=each.is_channel_liable), each) for each in taxes]
            found += [Word(kind=kind, key=key, records=each.records) for key, each in keys]
            continue
        with conn.cursor(row_factory=class_row(_Seen)) as cursor:
            rows = cursor.execute(SQL[name], parameters).fetchall()
        found += [Word(kind=kind, key=row.word, records=row.records) for row in rows]
    return found


def unmapped(found: list[Word], value_map: ValueMap) -> list[Word]:
    """Words without a code, by kind."""
    return [word for word in found if word.key not in _entries(word.kind, value_map)]


def unused(found: list[Word], value_map: ValueMap) -> list[tuple[str, str]]:
    """(kind, key) of entries for words the shop has not used."""
    seen = {(word.kind, word.key) for word in found} | NAMED_BY_US
    return [(kind, key) for kind in KINDS for key in _entries(kind, value_map) if (kind, key) not in seen]


def codes(value_map: ValueMap) -> Codes:
    """Every code of the map, each once."""
    by_kind: dict[str, dict[str, None]] = {"tax": {}, "location": {}, "account": {}}
    for kind, _, code in value_map.entries():
        by_kind[kind if kind in by_kind else "account"][code] = None
    return Codes(accounts=tuple(by_kind["account"]), taxes=tuple(by_kind["tax"]), locations=tuple(by_kind["location"]))


def _entries(kind: str, value_map: ValueMap) -> Mapping[str, str]:
    entries: Mapping[str, str] = getattr(value_map, SECTIONS[kind])
    return entries
