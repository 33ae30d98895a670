"""Sending: records go to the back office in batches, and what became of each is remembered.

Here: what is sent again, what is left alone because a person changed it, retries and the breaker. Not here: what is due
(``push_due.py``), what is owed (``backoffice/mapping``), how the back office is spoken to (its adapter).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from random import Random
from typing import TypeVar

from psycopg import Connection
from psycopg.rows import TupleRow

from shopify_pipeline.backoffice import mapping, pauses, push_log
from shopify_pipeline.backoffice.pauses import Pause
from shopify_pipeline.backoffice.protocol import (
    BackOffice,
    EditedRow,
    JournalEntry,
    Order,
    Outcome,
    Party,
    Product,
    Result,
    StockCount,
)
from shopify_pipeline.backoffice.push_log import REFUSED, Answered, Dirty, Last
from shopify_pipeline.clock import Clock
from shopify_pipeline.config_sections import BackofficeSettings
from shopify_pipeline.errors import BackOfficeDownError, PermanentError, SlowAnswerError, TransientError
from shopify_pipeline.failpoints import Failpoint, reached
from shopify_pipeline.shopify.retry import RetryPolicy

#: How often the books are looked into for a batch whose answer did not come in time, before it is sent again.
LOOKS = 4

Conn = Connection[TupleRow]
Record = TypeVar("Record", bound=Party | Product | StockCount | Order | JournalEntry)
Answer = TypeVar("Answer")


@dataclass
class Pushed:
    """What one push did.

    Attributes:
        counts: Records by resource (parties, products, stock_counts, orders, entries) and outcome; one the push log
            knows unchanged is not sent and counts as ``unchanged``.
        documents: Invoices and credit notes newly written, as far as the back office could say so.
        out_of_scope: Orders that changed but are not in the books.
        paused_until: The back office is left alone until then, UTC: nothing was done.
    """

    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    documents: int = 0
    out_of_scope: int = 0
    paused_until: datetime | None = None

    @property
    def rejected(self) -> int:
        """Records that were not taken, whatever their resource."""
        return sum(outcomes[outcome.value] for outcomes in self.counts.values() for outcome in REFUSED)

    def totals(self) -> dict[str, int]:
        """Everything counted, flat: ``orders.created``, ``documents`` …; what did not happen is left out."""
        flat = {
            f"{resource}.{outcome}": records
            for resource, outcomes in self.counts.items()
            for outcome, records in outcomes.items()
        }
        flat |= {"documents": self.documents, "out_of_scope": self.out_of_scope}
        return {name: count for name, count in flat.items() if count}


class Sender:
    """Sends batches to one shop's back office and acknowledges each, in one transaction, once it was answered.

    Args:
        conn: A connection outside any transaction.
        rng: Spreads retries.
        limits: After how many failures in a row the back office is left alone, and for how long.
    """

    def __init__(
        self, conn: Conn, backoffice: BackOffice, *, shop: str, clock: Clock, rng: Random, limits: BackofficeSettings
    ) -> None:
        self._conn = conn
        self._backoffice = backoffice
        self._shop = shop
        self._clock = clock
        self._limits = limits
        self._retry = RetryPolicy(
            clock,
            rng,
            attempts_max=limits.failures_max,
            slow_attempts_max=limits.failures_max,
            transient_seconds_max=math.inf,
        )
        self.pushed = Pushed()

    def pause(self) -> Pause | None:
        """The pause that keeps us from asking the back office now; once it is over, one call of its health decides.

        Raises:
            BackOfficeDownError: It does not answer yet; the pause begins again.
        """
        with self._conn.transaction():
            pause = pauses.find(self._conn, self._shop)
        if pause is None or self._clock.now() < pause.until:
            return pause
        try:
            self._backoffice.health(self._shop)
        except TransientError as exc:
            raise self._leave_alone(exc) from exc
        with self._conn.transaction():
            pauses.finish(self._conn, self._shop)
        return None

    def send(
        self,
        resource: str,
        records: Sequence[Record],
        call: Callable[[str, Sequence[Record]], list[Result]],
        *,
        refused: Sequence[Answered] = (),
        settled: Sequence[Dirty] = (),
    ) -> None:
        """Send what the back office does not hold like this already; commit its answers with the settled marks.

        Args:
            refused: Records that cannot even be sent, to be remembered with the others.
            settled: Marks of the dirty set that are worked off by this batch.

        Raises:
            BackOfficeDownError: It failed too often in a row; nothing of this batch is acknowledged.
            PermanentError: It did not answer for a record.
        """
        fingerprints = {record.external_id: mapping.fingerprint(record) for record in records}
        with self._conn.transaction():
            last = push_log.last(self._conn, self._shop, resource, list(fingerprints))
        fresh = [record for record in records if not _is_held(last, record.external_id, fingerprints)]
        conflicts = list(self._conflicts(resource, fresh, last))
        kept = {conflict.external_id for conflict in conflicts}
        sent = [record for record in fresh if record.external_id not in kept]
        results = self._deliver(resource, sent, last, call) if sent else []
        if sent:
            reached(Failpoint.PUSH_BEFORE_ACKNOWLEDGE)
        answers = [*refused, *conflicts, *_answers(resource, fingerprints, sent, results)]
        with self._conn.transaction():
            push_log.record(self._conn, self._shop, resource, answers, self._clock.now())
            push_log.settle(self._conn, self._shop, settled)
        outcomes = self.pushed.counts[resource]
        outcomes.update(answer.outcome.value for answer in answers)
        outcomes.update({Outcome.UNCHANGED.value: len(records) - len(fresh)})
        self.pushed.documents += sum(result.documents for result in results)

    def settle(self, rows: Sequence[Dirty]) -> None:
        """Take rows out of the dirty set that no batch takes out."""
        with self._conn.transaction():
            push_log.settle(self._conn, self._shop, rows)

    def let_wait(self, rows: Sequence[Dirty]) -> None:
        """Keep dirty rows that cannot be decided yet; they are no reason to push before something else is read."""
        with self._conn.transaction():
            push_log.let_wait(self._conn, self._shop, rows)

    def forget_refused(self, resource: str, external_ids: Sequence[str]) -> None:
        """Forget that records were rejected which nothing is owed for any more."""
        with self._conn.transaction():
            push_log.forget_refused(self._conn, self._shop, resource, external_ids)

    def _conflicts(self, resource: str, fresh: Sequence[Record], last: Mapping[str, Last]) -> Iterator[Answered]:
        """Records we sent before, want to change now, and find changed by somebody else: nobody is overwritten."""
        parts = {record.external_id: set(_parts(resource, record)) for record in fresh if record.external_id in last}
        among: defaultdict[str, set[str]] = defaultdict(set)
        for name, external_id in chain.from_iterable(parts.values()):
            among[name].add(external_id)
        rows = self._ask(lambda: self._backoffice.edited(self._shop, among)) if among else []
        for external_id, keys in parts.items():
            row = next((row for row in rows if (row.resource, row.external_id) in keys and not _is_kept(row)), None)
            if row is not None:
                yield Answered(
                    external_id=external_id,
                    fingerprint=last[external_id].fingerprint,
                    outcome=Outcome.CONFLICT,
                    reason=f"{row.record} was changed in the back office ({row.what}), so nothing was sent:"
                    " undo it there, or book there what is missing",
                )

    def _deliver(
        self,
        resource: str,
        records: Sequence[Record],
        last: Mapping[str, Last],
        call: Callable[[str, Sequence[Record]], list[Result]],
    ) -> list[Result]:
        """Call until it is answered; before every repetition look what of the batch is booked already."""
        booked: set[str] = set()
        failures: list[TransientError] = []

        def attempt() -> list[Result]:
            if failures:
                booked.update(self._booked(resource, records, was_slow=isinstance(failures[-1], SlowAnswerError)))
            unknown = [record for record in records if record.external_id not in booked]
            try:
                return call(self._shop, unknown) if unknown else []
            except TransientError as exc:
                failures.append(exc)
                raise

        answered = self._ask(attempt)
        found = [
            Result(external_id=external_id, outcome=Outcome.UPDATED if external_id in last else Outcome.CREATED)
            for external_id in sorted(booked)
        ]
        return [*found, *answered]

    def _booked(self, resource: str, records: Sequence[Record], *, was_slow: bool) -> Collection[str]:
        """Which records the books hold as they were sent.

        Who did not answer in time may still be at work: it is waited for, a few looks long. Only an order's fingerprint
        is ours; anything else is sent again and answered as unchanged.
        """
        for look in range(1, LOOKS + 1):
            known = self._backoffice.known(self._shop, resource, [record.external_id for record in records])
            held = [
                record
                for record in records
                if record.external_id in known
                and (not isinstance(record, Order) or known[record.external_id] == record.fingerprint)
            ]
            if not was_slow or len(held) == len(records) or look == LOOKS:
                break
            self._retry.pause(look)
        return [record.external_id for record in held if isinstance(record, Order)]

    def _ask(self, attempt: Callable[[], Answer]) -> Answer:
        try:
            return self._retry.call(attempt)
        except TransientError as exc:
            raise self._leave_alone(exc) from exc

    def _leave_alone(self, failure: TransientError) -> BackOfficeDownError:
        now = self._clock.now()
        pause = Pause(now, now + timedelta(seconds=self._limits.pause_seconds), str(failure))
        with self._conn.transaction():
            pauses.begin(self._conn, self._shop, pause)
        return BackOfficeDownError(
            f"{failure}; the back office is left alone until {pause.until:%H:%M:%S} UTC, and what is owed stays owed"
        )


def _is_held(last: Mapping[str, Last], external_id: str, fingerprints: Mapping[str, str]) -> bool:
    before = last.get(external_id)
    return before is not None and before.is_held and before.fingerprint == fingerprints[external_id]


def _is_kept(row: EditedRow) -> bool:
    """A changed party or product is sent all the same: the back office keeps the fields a person changed."""
    return row.resource in ("parties", "products") and row.what == "changed"


def _parts(resource: str, record: Record) -> Iterator[tuple[str, str]]:
    """Resource and id of a record and of everything that is pushed with it."""
    yield resource, record.external_id
    if isinstance(record, Order):
        for name in ("documents", "payments", "shipments", "restocks", "entries"):
            for part in getattr(record, name):
                yield name, part.external_id


def _answers(
    resource: str, fingerprints: Mapping[str, str], sent: Sequence[Record], results: Sequence[Result]
) -> Iterator[Answered]:
    by_id = {result.external_id: result for result in results}
    for record in sent:
        result = by_id.get(record.external_id)
        if result is None:
            raise PermanentError(f"the back office did not answer for {resource} {record.external_id}")
        yield Answered(
            external_id=record.external_id,
            fingerprint=fingerprints[record.external_id],
            outcome=result.outcome,
            reason=result.reason,
        )
