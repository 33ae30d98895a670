"""Load: what is landed becomes rows, in one transaction with quarantine, dirty set and cursor.

Here: reading a landed load, judging it root by root, and the one COMMIT. Not here: how a value is typed (``schemas``)
or how rows are merged (``warehouse``).
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import msgspec
import pandas as pd
import pyarrow as arrow

from shopify_pipeline.clock import Clock
from shopify_pipeline.failpoints import Failpoint, reached
from shopify_pipeline.schemas import Stream
from shopify_pipeline.schemas.decode import Decoded, Decoder, Rejection, orphan_rejections, tail
from shopify_pipeline.schemas.frames import judge, to_frame
from shopify_pipeline.schemas.records import Assembly, assemble
from shopify_pipeline.warehouse import loads as ops
from shopify_pipeline.warehouse.connect import Connection
from shopify_pipeline.warehouse.loads import Load
from shopify_pipeline.warehouse.merge import copy_incoming, merge


@dataclass(frozen=True)
class Loaded:
    """What one load did, in roots: ``received = loaded + superseded + quarantined``."""

    load_id: int
    received: int
    loaded: int
    superseded: int
    quarantined: int
    new_versions: int
    rows: dict[str, int]
    skipped: bool = False

    def counts(self) -> dict[str, int]:
        """The counts in roots, by name."""
        names = ("received", "loaded", "superseded", "quarantined", "new_versions")
        return {name: getattr(self, name) for name in names}


@dataclass
class _Verdict:
    """Roots of a load, sorted: the newest good reading of each, what is withheld, and what was overtaken."""

    good: list[Decoded] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    received: int = 0
    superseded: int = 0

    def withheld(self) -> set[tuple[str, str]]:
        return {(r.root_type, r.root_id) for r in self.rejections}


def load_landed(
    conn: Connection,
    bodies: Iterable[tuple[str, Iterable[bytes]]],
    *,
    load: Load,
    stream: Stream,
    clock: Clock,
    progress: Callable[[str], None],
) -> Loaded:
    """Merge one landed load.

    Args:
        conn: A connection with no transaction open; this function owns the one it opens.
        bodies: (kind, chunks) per landed part, as ``records.assemble`` takes them.

    Returns:
        Counts in roots, and rows per table. ``skipped`` when another process has the load: nothing was done here.

    Raises:
        IncompleteError: A nested connection is open, or the cursor was moved behind the window; nothing was written.
    """
    landed_at = load.landed_at
    if landed_at is None:
        raise AssertionError(f"load {load.load_id} of {load.stream} is not landed")
    assembly = assemble(stream, bodies)
    verdict = _decode(stream, assembly)
    progress(f"{load.stream}: {verdict.received} roots read, {len(verdict.rejections)} withheld so far")
    frames = _judged_frames(stream, verdict)
    rows = {table.name: len(frames[table.name]) for table in stream.tables}
    reached(Failpoint.LOAD_BEFORE_MERGE)
    with conn.transaction():
        if not ops.claim(conn, load):
            return Loaded(load.load_id, 0, 0, 0, 0, 0, {}, skipped=True)
        copy_incoming(conn, stream, frames)
        merged = merge(
            conn,
            stream,
            shop=load.shop,
            load_id=load.load_id,
            loaded_at=landed_at,
            observed_at=load.window_to,
        )
        at = clock.now()
        ops.quarantine(conn, load, verdict.rejections, at)
        for node, _ in stream.roots:
            ops.release(conn, load, node, [tail(d.gid) for d in verdict.good if d.node == node], at)
        result = Loaded(
            load.load_id,
            received=verdict.received,
            loaded=merged.accepted + merged.unchanged,
            superseded=verdict.superseded + merged.superseded,
            quarantined=len(verdict.withheld()),
            new_versions=merged.accepted,
            rows=rows,
        )
        ops.finish(conn, load, result.counts(), at)
    reached(Failpoint.LOAD_AFTER_COMMIT)
    progress(f"{load.stream}: {result.new_versions} new versions, {result.quarantined} in quarantine")
    return result


def _decode(stream: Stream, assembly: Assembly) -> _Verdict:
    """Type every document; of several readings of one root only the newest counts."""
    decoder = Decoder(stream)
    verdict = _Verdict(rejections=list(orphan_rejections(assembly)))
    verdict.received = len({(r.root_type, r.root_id) for r in verdict.rejections})
    newest: dict[str, Decoded | Rejection] = {}
    for place, document in enumerate(assembly.documents):
        verdict.received += 1
        result = decoder.decode(document)
        # Roots without an id are not readings of one another.
        key = document.gid or f"place {place}"
        held = newest.get(key)
        if isinstance(result, Decoded) and _is_torn(result, assembly):
            verdict.superseded += 1
        elif held is None:
            newest[key] = result
        else:
            verdict.superseded += 1
            if not _is_newer(held, result):
                newest[key] = result
    for result in newest.values():
        if isinstance(result, Rejection):
            verdict.rejections.append(result)
        else:
            verdict.good.append(result)
    return verdict


def _is_torn(decoded: Decoded, assembly: Assembly) -> bool:
    """Whether details were read of another version than the root: the next window brings the newer one whole."""
    stamp = assembly.versions.get(decoded.gid)
    return stamp is not None and stamp != decoded.updated_at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _is_newer(held: Decoded | Rejection, other: Decoded | Rejection) -> bool:
    """Whether the earlier reading stays: only when both have stamps and the later one is older."""
    return isinstance(held, Decoded) and isinstance(other, Decoded) and held.updated_at > other.updated_at


def _judged_frames(stream: Stream, verdict: _Verdict) -> dict[str, pd.DataFrame]:
    """Frames of the good roots only; a failing row withholds its whole root, wherever the row is."""
    failures = _failures(stream, verdict.good)
    if failures:
        verdict.rejections.extend(failures.values())
        bad = set(failures)
        verdict.good = [d for i, d in enumerate(verdict.good) if i not in bad]
    frames = {}
    for table in stream.tables:
        rows = [row for decoded in verdict.good for row in decoded.rows.get(table.name, ())]
        frames[table.name] = to_frame(table, rows)
    for node, table in stream.roots:
        roots = [d for d in verdict.good if d.node == node]
        frames[table.name]["_root_hash"] = _texts([_root_hash(d) for d in roots])
        frames[table.name]["root_id"] = _texts([tail(d.gid) for d in roots])
    return frames


def _texts(values: list[str]) -> pd.Series:
    return pd.Series(values, dtype=pd.ArrowDtype(arrow.string()))


def _failures(stream: Stream, documents: list[Decoded]) -> dict[int, Rejection]:
    """First broken rule per document, by the document's place."""
    found: dict[int, Rejection] = {}
    for table in stream.tables:
        owners = [i for i, d in enumerate(documents) for _ in d.rows.get(table.name, ())]
        frame = to_frame(table, [row for d in documents for row in d.rows.get(table.name, ())])
        for failure in judge(table, frame):
            bad = documents[owners[failure.row]]
            rejection = Rejection(bad.node, tail(bad.gid), failure.rule, failure.path, failure.message, bad.raw)
            found.setdefault(owners[failure.row], rejection)
    for place, rejection in _currency_failures(stream, documents):
        found.setdefault(place, rejection)
    return found


def _currency_failures(stream: Stream, documents: list[Decoded]) -> Iterable[tuple[int, Rejection]]:
    """Every amount of an order is in the order's two currencies; another one would meet them in a sum."""
    root = stream.tables[0]
    names = [c.name for c in root.columns]
    if "presentment_currency" not in names:
        return
    pairs = {t.name: _currency_places([c.name for c in t.columns]) for t in stream.tables}
    for place, document in enumerate(documents):
        first, second = _currency_places(names) or (0, 0)
        header = document.rows[root.name][0]
        wanted = (header[first], header[second])
        for table, rows in document.rows.items():
            columns = pairs[table]
            if columns is None:
                continue
            for row in rows:
                if (row[columns[0]], row[columns[1]]) != wanted:
                    message = f"{table} is in {row[columns[0]]}/{row[columns[1]]}, the order in {'/'.join(wanted)}"
                    rule = "one_currency_per_order"
                    yield place, Rejection(document.node, tail(document.gid), rule, "$", message, document.raw)
                    break


def _currency_places(names: list[str]) -> tuple[int, int] | None:
    if "presentment_currency" not in names:
        return None
    return names.index("currency"), names.index("presentment_currency")


def _root_hash(decoded: Decoded) -> str:
    """Hash of a root with its children, whatever order they were read in."""
    digest = hashlib.sha256()
    by_table: dict[str, list[bytes]] = defaultdict(list)
    for table, rows in decoded.rows.items():
        by_table[table] = sorted(msgspec.json.encode(row) for row in rows)
    for table in sorted(by_table):
        digest.update(table.encode() + b"\n" + b"\n".join(by_table[table]) + b"\n")
    return digest.hexdigest()
