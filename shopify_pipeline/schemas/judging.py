"""Judgement of a group of roots: the newest good reading of each, who is withheld and why, and what their hash is.

Here: choosing between readings, the verdict of frames and of rules across tables, the root hash. Not here: typing
(``decode.py``), the rules of one table (``frames.py``), or anything that writes.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as arrow
import pyarrow.compute as compute

from shopify_pipeline.schemas.decode import Batch, Places, Rejection, Rows, root_in_words, tail
from shopify_pipeline.schemas.frames import judge
from shopify_pipeline.schemas.kinds import Stream, Table
from shopify_pipeline.schemas.records import Assembly

#: What a null is in COPY's text format.
_NULL = "\\N"


@dataclass(slots=True)
class Judged:
    """A group of roots, sorted.

    Attributes:
        rows: Good rows by table name.
        lines: The same rows as lines of COPY's text format, without their ends.
        hashes: Root hash by place of the document; empty for one that is not loaded.
        rejections: Why roots are withheld; orphans are not among them.
        superseded: Readings of a root that a newer one overtook.
    """

    batch: Batch
    rows: dict[str, Rows]
    lines: dict[str, arrow.ChunkedArray]
    hashes: list[str]
    rejections: list[Rejection]
    superseded: int

    def roots_of(self, table: Table) -> tuple[list[str], list[str]]:
        """(hashes, tails) of the roots in this table, row by row."""
        owners = self.rows[table.name].owners
        return [self.hashes[i] for i in owners], [tail(self.batch.documents[i].gid) for i in owners]

    def lines_of(self, child: Table, roots: Container[str]) -> arrow.ChunkedArray:
        """Lines of this table that belong to these roots, by tail."""
        owners = self.rows[child.name].owners
        lines = self.lines[child.name]
        wanted = np.array([tail(document.gid) in roots for document in self.batch.documents], dtype=bool)[owners]
        return lines if wanted.all() else lines.filter(arrow.array(wanted))

    def newest_change_at(self, stream: Stream) -> datetime | None:
        """The newest stamp among the good roots, UTC; None when they have none."""
        stamps = [
            compute.max(self.rows[root.name].typed["updated_at"]).as_py()
            for _, root in stream.roots
            if "updated_at" in self.rows[root.name].typed.column_names
        ]
        return max((stamp for stamp in stamps if stamp is not None), default=None)


@dataclass(slots=True)
class _Choice:
    """Which documents of a batch count."""

    counts: Places
    superseded: int = 0
    rejections: list[Rejection] = field(default_factory=list)


def judged(stream: Stream, batch: Batch, assembly: Assembly) -> Judged:
    """Judge a batch.

    Raises:
        AssertionError: A rule broke instead of judging: a bug of ours, for which no root is withheld.
    """
    choice = _newest(stream, batch, assembly)
    rows = {name: held.of(choice.counts) for name, held in batch.rows.items()}
    failures = _failures(stream, batch, rows)
    if failures:
        choice.rejections += failures.values()
        choice.counts[list(failures)] = False
        rows = {name: held.of(choice.counts) for name, held in rows.items()}
    lines = {name: _lines(held) for name, held in rows.items()}
    hashes = _hashes(rows, lines, len(batch.documents))
    return Judged(batch, rows, lines, hashes, choice.rejections, choice.superseded)


def _newest(stream: Stream, batch: Batch, assembly: Assembly) -> _Choice:
    """Of several readings of one root only the newest counts, and none whose details are of another version."""
    choice = _Choice(np.ones(len(batch.documents), dtype=bool))
    stamps = _stamps(stream, batch)
    newest: dict[str, int] = {}
    for place, document in enumerate(batch.documents):
        # Roots without an id are not readings of one another.
        key = document.gid or f"place {place}"
        held = newest.get(key)
        is_rejected = place in batch.rejections
        details = assembly.versions.get(document.gid)
        loser: int | None = None
        if not is_rejected and details is not None and details != _as_shopify(stamps.get(place)):
            loser = place
        elif held is None:
            newest[key] = place
        else:
            # Without stamps on both sides the later reading wins.
            before, after = stamps.get(held), stamps.get(place)
            loser = place if before is not None and after is not None and before > after else held
            newest[key] = held if loser == place else place
        if loser is not None:
            choice.superseded += 1
            choice.counts[loser] = False
    for place in newest.values():
        if place in batch.rejections:
            choice.counts[place] = False
            choice.rejections.append(batch.rejections[place])
    return choice


def _stamps(stream: Stream, batch: Batch) -> dict[int, Any]:
    """``updatedAt`` of each document that has one and was not rejected, by its place."""
    stamps: dict[int, Any] = {}
    for _, table in stream.roots:
        rows = batch.rows[table.name]
        if "updated_at" not in rows.typed.column_names:
            continue
        for owner, stamp in zip(rows.owners.tolist(), rows.typed["updated_at"].to_numpy(), strict=True):
            if owner not in batch.rejections:
                stamps[owner] = stamp
    return stamps


def _as_shopify(stamp: Any) -> str | None:
    return None if stamp is None else f"{np.datetime_as_string(stamp, unit='s')}Z"


def _failures(stream: Stream, batch: Batch, rows: Mapping[str, Rows]) -> dict[int, Rejection]:
    """First broken rule per document, by the document's place."""
    found: dict[int, Rejection] = {}
    for table in stream.tables:
        held = rows[table.name]
        if not held.owners.size:
            continue
        for failure in judge(table, held.typed):
            place = int(held.owners[failure.row])
            found.setdefault(place, _rejection(batch, place, failure.rule, failure.path, failure.message))
    for place, message in _foreign_currencies(stream, rows):
        found.setdefault(place, _rejection(batch, place, "one_currency_per_order", "$", message))
    return found


def _rejection(batch: Batch, place: int, rule: str, path: str, says: str) -> Rejection:
    document = batch.documents[place]
    message = f"{root_in_words(document)}: {says}"
    return Rejection(document.node, tail(document.gid), rule, path, message, document.raw)


_CURRENCIES = ("currency", "presentment_currency")


def _foreign_currencies(stream: Stream, rows: Mapping[str, Rows]) -> Iterator[tuple[int, str]]:
    """Every amount of an order is in the order's two currencies; another one would meet them in a sum."""
    root = rows[stream.tables[0].name]
    if not set(_CURRENCIES) <= set(root.typed.column_names) or not root.owners.size:
        return
    place_of_root = np.zeros(root.owners.max() + 1, dtype=np.int64)
    place_of_root[root.owners] = np.arange(root.owners.size)
    for name, held in rows.items():
        if held is root or not held.owners.size or not set(_CURRENCIES) <= set(held.typed.column_names):
            continue
        places = arrow.array(place_of_root[held.owners])
        differs = [compute.not_equal(held.typed[c], root.typed[c].take(places)) for c in _CURRENCIES]
        for row in np.flatnonzero(compute.fill_null(compute.or_(*differs), False).to_numpy()):
            said = "/".join(str(held.typed[c][int(row)]) for c in _CURRENCIES)
            wanted = "/".join(str(root.typed[c][int(place_of_root[held.owners[row]])]) for c in _CURRENCIES)
            yield int(held.owners[row]), f"{name.replace('_', ' ')} are in {said}, the order is in {wanted}"


def _lines(rows: Rows) -> arrow.ChunkedArray:
    return compute.binary_join_element_wise(*rows.text.columns, "\t", null_handling="replace", null_replacement=_NULL)


def _hashes(rows: Mapping[str, Rows], lines: Mapping[str, arrow.ChunkedArray], documents: int) -> list[str]:
    """Hash of each root with its children, whatever order they were read in; empty for one without rows."""
    digests: dict[int, Any] = {}
    for name in sorted(lines):
        owners = rows[name].owners
        if not owners.size:
            continue
        order = np.argsort(owners, kind="stable")
        texts = lines[name].cast(arrow.binary()).to_pylist()
        bounds = np.flatnonzero(np.diff(owners[order])) + 1
        heading = name.encode()
        for start, end in zip([0, *bounds.tolist()], [*bounds.tolist(), owners.size], strict=True):
            places = order[start:end].tolist()
            digest = digests.setdefault(int(owners[places[0]]), hashlib.sha256())
            digest.update(b"%b\n%b\n" % (heading, b"\n".join(sorted([texts[place] for place in places]))))
    return [digests[place].hexdigest() if place in digests else "" for place in range(documents)]


def unknown_values(rows: Mapping[str, Rows], known: Mapping[str, frozenset[str]]) -> Counter[str]:
    """How often a column holds an enum value that the published schema does not have: ``orders.return_status=FOO``.

    Args:
        known: Enum values by ``table.column``.
    """
    counts: Counter[str] = Counter()
    for place, values in known.items():
        table, _, column = place.partition(".")
        if table not in rows:
            continue
        for found in compute.value_counts(rows[table].typed[column]).to_pylist():
            if found["values"] is not None and found["values"] not in values:
                counts[f"{place}={found['values']}"] += found["counts"]
    return counts
