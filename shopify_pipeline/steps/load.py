"""Load: what is landed becomes rows, in one transaction with quarantine, dirty set and cursor.

Here: reading a landed load, judging it group by group, the quarantine budget, and the one COMMIT. Not here: how a root
is judged (``schemas``) or how rows are merged (``warehouse``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as arrow
import pyarrow.compute as compute

from shopify_pipeline.clock import Clock
from shopify_pipeline.errors import QuarantineBudgetError
from shopify_pipeline.failpoints import Failpoint, reached
from shopify_pipeline.schemas import Stream
from shopify_pipeline.schemas.decode import Decoder, Rejection, orphan_rejections, tail
from shopify_pipeline.schemas.grouping import GROUP_BYTES, Groups
from shopify_pipeline.schemas.judging import Judged, judged, unknown_values
from shopify_pipeline.schemas.known_values import KNOWN_VALUES
from shopify_pipeline.schemas.records import Assembly, node_type
from shopify_pipeline.steps.stopwatch import Stopwatch
from shopify_pipeline.warehouse import loads as ops
from shopify_pipeline.warehouse.connect import Connection
from shopify_pipeline.warehouse.loads import Load
from shopify_pipeline.warehouse.merge import Merge
from shopify_pipeline.warehouse.tombstones import mark_gone, read_again

#: A load that takes no longer than this says nothing on its way.
PROGRESS_SECONDS = 5.0


@dataclass(frozen=True)
class Budget:
    """How many roots one load may withhold; more is no bad data but a broken contract, ours or Shopify's.

    Attributes:
        roots_max, share_max: The smaller of both counts; one root is always allowed.
    """

    roots_max: int = 50
    share_max: float = 0.01

    def allowed(self, received: int) -> int:
        """Roots that may be withheld of so many."""
        return max(1, min(self.roots_max, int(received * self.share_max)))


@dataclass(frozen=True)
class Loaded:
    """What one load did, in roots: ``received = loaded + superseded + quarantined``.

    Attributes:
        gone: Roots that were asked for and are gone from the shop: marked, and none of those received.
        newly_quarantined: Roots withheld that were not withheld before; what the budget is about.
        allowed: How many those might have been; None when no budget was set.
        rows: Rows read, by table.
        unknown_values: How often an enum had a value the published schema does not have, by ``table.column=VALUE``.
        newest_change_at: The newest stamp among the good roots, by the shop's clock, UTC; None when they have none.
        seconds: By stage: ``parse``, ``validate``, ``copy``, ``merge``.
    """

    load_id: int
    received: int
    loaded: int
    superseded: int
    quarantined: int
    new_versions: int
    rows: dict[str, int]
    skipped: bool = False
    gone: int = 0
    newly_quarantined: int = 0
    allowed: int | None = None
    unknown_values: Mapping[str, int] = field(default_factory=dict)
    newest_change_at: datetime | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)

    def counts(self) -> dict[str, int]:
        """The counts in roots, by name."""
        names = ("received", "loaded", "superseded", "quarantined", "new_versions")
        return {name: getattr(self, name) for name in names}


@dataclass
class _Tally:
    """What the groups of a load added up to."""

    received: int = 0
    superseded: int = 0
    roots_done: int = 0
    found: set[str] = field(default_factory=set)
    rows: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    withheld: set[tuple[str, str]] = field(default_factory=set)
    newly_withheld: set[tuple[str, str]] = field(default_factory=set)
    rules: Counter[str] = field(default_factory=Counter)
    example: str = ""
    newest_change_at: datetime | None = None

    def add(
        self,
        stream: Stream,
        assembly: Assembly,
        sorted_out: Judged,
        rejections: list[Rejection],
        known: set[tuple[str, str]],
    ) -> None:
        """Count one group."""
        orphans = {(r.root_type, r.root_id) for r in rejections[: len(assembly.orphans)]}
        self.received += len(assembly.documents) + len(orphans)
        self.roots_done += len(assembly.documents)
        self.superseded += sorted_out.superseded
        self.rows.update({name: rows.owners.size for name, rows in sorted_out.rows.items()})
        self.unknown += unknown_values(sorted_out.rows, KNOWN_VALUES)
        stamps = [self.newest_change_at, sorted_out.newest_change_at(stream)]
        self.newest_change_at = max((stamp for stamp in stamps if stamp is not None), default=None)
        for rejection in rejections:
            root = (rejection.root_type, rejection.root_id)
            self.withheld.add(root)
            if root not in known:
                self.newly_withheld.add(root)
                self.rules[f"{rejection.rule} at {rejection.path}"] += 1
                self.example = self.example or rejection.message


def load_landed(
    conn: Connection,
    bodies: Iterable[tuple[str, Iterable[bytes]]],
    *,
    load: Load,
    stream: Stream,
    clock: Clock,
    progress: Callable[[str], None],
    budget: Budget | None = None,
    group_bytes: int = GROUP_BYTES,
    stopwatch: Stopwatch | None = None,
    asked: Sequence[str] = (),
) -> Loaded:
    """Merge one landed load.

    Args:
        conn: A connection with no transaction open; this function owns the one it opens.
        bodies: (kind, chunks) per landed part, as ``records.read_records`` takes them.
        budget: How many roots may be withheld anew; None: any number.
        group_bytes: JSON held in memory at a time.
        stopwatch: What measures the stages; the clock unless given.
        asked: Gids that were asked for one by one: a root that did not come is gone, and is marked so.

    Returns:
        Counts in roots, and rows per table. ``skipped`` when another process has the load: nothing was done here.

    Raises:
        IncompleteError: A nested connection is open, or the cursor was moved behind the window; nothing was written.
        QuarantineBudgetError: Too many roots would be withheld; nothing was written and the load stays landed.
    """
    if load.landed_at is None:
        raise AssertionError(f"load {load.load_id} of {load.stream} is not landed")
    watch = stopwatch or Stopwatch(clock.monotonic)
    with watch.stage("parse"):
        groups = Groups(stream, bodies, group_bytes=group_bytes)
    with groups:
        progress(f"{load.stream}: {groups.roots} roots to load")
        with conn.transaction():
            if not ops.claim(conn, load):
                return Loaded(load.load_id, 0, 0, 0, 0, 0, {}, skipped=True)
            pace = _Pace(load.stream, groups.roots, clock, progress)
            merge = Merge(conn, stream, load.shop, load.load_id, load.landed_at, load.window_to)
            tally = _merge_groups(merge, groups, load, clock, pace, watch)
            allowed = None if budget is None or load.mode == "roots" else budget.allowed(tally.received)
            if allowed is not None and len(tally.newly_withheld) > allowed:
                raise _over_budget(load, tally, allowed)
            with watch.stage("merge"):
                merge.end()
                gone = _mark_gone(merge, load, asked, tally)
                result = _result(load, merge, tally, allowed, gone, watch)
                ops.finish(conn, load, result.counts(), clock.now())
            reached(Failpoint.LOAD_BEFORE_COMMIT)
    reached(Failpoint.LOAD_AFTER_COMMIT)
    progress(f"{load.stream}: {result.new_versions} new versions, {result.quarantined} in quarantine")
    for value, times in sorted(result.unknown_values.items()):
        progress(f"{load.stream}: {value} is in no schema we know; it was kept ({times} times)")
    return result


def _merge_groups(merge: Merge, groups: Groups, load: Load, clock: Clock, pace: _Pace, watch: Stopwatch) -> _Tally:
    """Judge every group, bring its good roots and write down why the others are withheld."""
    conn, stream = merge.conn, merge.stream
    decoder = Decoder(stream)
    tally = _Tally()
    known = ops.withheld_roots(conn, load)
    merge.begin()
    assemblies = iter(groups)
    while True:
        with watch.stage("parse"):
            assembly = next(assemblies, None)
            if assembly is None:
                return tally
            batch = decoder.batch(assembly.documents)
        with watch.stage("validate"):
            group = judged(stream, batch, assembly)
            rejections = [*orphan_rejections(assembly), *group.rejections]
            tally.add(stream, assembly, group, rejections, known)
            if load.mode == "roots":
                tally.found.update(document.gid for document in assembly.documents)
        _bring(merge, group, watch)
        at = clock.now()
        ops.quarantine(conn, load, rejections, at)
        for node, table in stream.roots:
            ops.release(conn, load, node, group.roots_of(table)[1], at)
        pace.tell(tally.roots_done)


def _bring(merge: Merge, group: Judged, watch: Stopwatch) -> None:
    """One group into the tables: roots first, for they say whose children are to be replaced."""
    for _, root in merge.stream.roots:
        hashes, tails = group.roots_of(root)
        if not tails:
            continue
        with watch.stage("merge"):
            extras = (arrow.array(texts, arrow.string()) for texts in (hashes, tails))
            lines = compute.binary_join_element_wise(group.lines[root.name], *extras, "\t")
            accepted = merge.roots(root, lines)
        if not accepted:
            continue
        with watch.stage("copy"):
            for child in merge.stream.children_of(root):
                merge.children(root, child, group.lines_of(child, accepted))
            merge.histories(root)


def _mark_gone(merge: Merge, load: Load, asked: Sequence[str], tally: _Tally) -> int:
    """Mark what was asked for and did not come; nobody has to ask for any of it again."""
    gone = 0
    for node, _ in merge.stream.roots:
        missing = [tail(gid) for gid in asked if node_type(gid) == node and gid not in tally.found]
        if missing:
            gone += mark_gone(merge.conn, load, merge.stream, node, missing)
    if asked:
        read_again(merge.conn, load, asked)
    return gone


def _result(load: Load, merge: Merge, tally: _Tally, allowed: int | None, gone: int, watch: Stopwatch) -> Loaded:
    merged = merge.merged
    return Loaded(
        load.load_id,
        received=tally.received,
        loaded=merged.accepted + merged.unchanged,
        superseded=tally.superseded + merged.superseded,
        quarantined=len(tally.withheld),
        new_versions=merged.accepted,
        gone=gone,
        rows={table.name: tally.rows[table.name] for table in merge.stream.tables},
        newly_quarantined=len(tally.newly_withheld),
        allowed=allowed,
        unknown_values=dict(tally.unknown),
        newest_change_at=tally.newest_change_at,
        seconds=watch.seconds,
    )


def _over_budget(load: Load, tally: _Tally, allowed: int) -> QuarantineBudgetError:
    reasons = "; ".join(f"{rule} ({times})" for rule, times in tally.rules.most_common(3))
    return QuarantineBudgetError(
        f"{load.shop} {load.stream}: load {load.load_id} would withhold {len(tally.newly_withheld)} of "
        f"{tally.received} roots, {allowed} are allowed: {reasons}; such as {tally.example}. Nothing was written. "
        "If these roots are bad: shopify-pipeline sync --accept-quarantine; if our schema is: correct it and sync"
    )


class _Pace:
    """Says how far a long load is, how fast it goes and how long it will take."""

    def __init__(self, stream: str, roots: int, clock: Clock, progress: Callable[[str], None]) -> None:
        self._stream, self._roots, self._clock, self._progress = stream, roots, clock, progress
        self._began = self._told = clock.monotonic()

    def tell(self, done: int) -> None:
        """Say it, unless it was said a moment ago or all is done."""
        now = self._clock.monotonic()
        if now - self._told < PROGRESS_SECONDS or not done or done >= self._roots:
            return
        self._told = now
        rate = done / (now - self._began)
        left = (self._roots - done) / rate
        self._progress(f"{self._stream}: {done} of {self._roots} roots read, {rate:.0f} a second, {left:.0f} s to go")
