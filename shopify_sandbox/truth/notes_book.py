"""The auditor's reading of metafields: what is noted on a record.

Here: the metafields of one record, and their rows. Not here: whose they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from shopify_sandbox.truth.cells import Row


@dataclass(slots=True)
class Notes:
    """Metafields by id."""

    kept: dict[int, Row] = field(default_factory=dict)

    def take(self, rows: Iterable[list[Any]], at: str) -> None:
        """Set some anew; one that was there keeps the time it was created."""
        for row_id, namespace, key, kind, value in rows:
            before = self.kept.get(row_id)
            self.kept[row_id] = {
                "metafield_id": row_id,
                "namespace": namespace,
                "key": key,
                "type": kind,
                "value": value,
                "created_at": before["created_at"] if before else at,
                "updated_at": at,
            }

    def rows(self, **owner: int) -> Iterator[Row]:
        """Rows of a table of metafields; the owner's id goes into the column named here."""
        for one in self.kept.values():
            yield {**owner, **one}
