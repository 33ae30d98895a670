"""Changes of the back office's own tables behind its back, each remembered with the row it was.

Here: writing rows and putting them back as they were. Not here: which rows, and why.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any


@dataclass
class Changes:
    """What one tampering did to the server's tables; nothing but ids and columns of this module's callers is in SQL."""

    database: sqlite3.Connection
    _before: list[tuple[str, int, tuple[Any, ...] | None]] = field(default_factory=list)

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        return self.database.execute(query, values).fetchall()

    def update(self, table: str, id_: int, **columns: object) -> None:
        """Give columns of one row other values; amounts are written as the server writes them."""
        self._remember(table, id_)
        assigned = ", ".join(f"{column} = ?" for column in columns)
        self.database.execute(
            f"update {table} set {assigned} where id = ?",
            (*map(_stored, columns.values()), id_),
        )

    def delete(self, table: str, id_: int) -> None:
        self._remember(table, id_)
        self.database.execute(f"delete from {table} where id = ?", (id_,))

    def copy(self, table: str, id_: int, **columns: object) -> int:
        """Make another row like this one but for some columns; its id."""
        names = [name for _, name, *_ in self.rows(f"pragma table_info({table})")]
        [row] = self.rows(f"select * from {table} where id = ?", id_)
        [(new,)] = self.rows(f"select max(id) + 1 from {table}")
        values = {**dict(zip(names, row, strict=True)), **columns, "id": new}
        marks = ", ".join("?" for _ in values)
        self.database.execute(
            f"insert into {table} ({', '.join(values)}) values ({marks})",
            tuple(map(_stored, values.values())),
        )
        self._before.append((table, new, None))
        return int(new)

    def undo(self, database: sqlite3.Connection) -> None:
        """Put every row back as it was, the last change first."""
        for table, id_, row in reversed(self._before):
            database.execute(f"delete from {table} where id = ?", (id_,))
            if row is not None:
                database.execute(f"insert into {table} values ({', '.join('?' for _ in row)})", row)

    def _remember(self, table: str, id_: int) -> None:
        [row] = self.rows(f"select * from {table} where id = ?", id_)
        self._before.append((table, id_, row))


def _stored(value: object) -> object:
    """As the server stores it: an amount is the bytes of its text."""
    return str(value).encode() if isinstance(value, Decimal) else value
