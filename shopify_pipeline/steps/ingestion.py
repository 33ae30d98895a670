"""The steps of one shop from the Admin API to the warehouse: extract, load, sweep.

Here: handing one room's object to another. Not here: opening a room (``rooms.py``), what a step does, which is the
step's own module, or what comes after the warehouse (``pipeline.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import msgspec

from shopify_pipeline.errors import ConfigError, IncompleteError, PermanentError, TransientError
from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.shopify.access import not_granted
from shopify_pipeline.shopify.client import ShopInfo
from shopify_pipeline.steps.deletions import to_ask_for
from shopify_pipeline.steps.extract import ExtractConfig, Extracted, extract, extract_roots
from shopify_pipeline.steps.extract_reading import is_read_whole
from shopify_pipeline.steps.load import Budget, Loaded, load_landed
from shopify_pipeline.steps.metering import Meter
from shopify_pipeline.steps.rooms import SKIPPED, Rooms
from shopify_pipeline.steps.stopwatch import Stopwatch
from shopify_pipeline.steps.sweep import (
    Swept,
    TooManyMissingError,
    ids_by_node,
    ids_stream,
    is_ids,
    land_ids,
    settle,
    stream_of_ids,
)
from shopify_pipeline.warehouse.connect import Connection
from shopify_pipeline.warehouse.loads import Load, Loads, hold_for_reading, register_shop


class Ingestion(Rooms):
    """Steps that read one shop; each commits for itself and can be run again.

    Attributes:
        accepts_quarantine: Whether a person said that loads may withhold any number of roots.
    """

    accepts_quarantine = False

    @property
    def extract_config(self) -> ExtractConfig:
        metafields = {str(stream): keys for stream, keys in self.shop.metafields.items()}
        return ExtractConfig(**self.settings.extract.model_dump(), metafields=metafields)

    def ask_shop(self) -> ShopInfo:
        """Ask the shop who it is and what we may do there; before anything is read or written.

        Raises:
            UnsafeAnswerError: Another shop answered.
            AccessDeniedError: A scope is missing.
            ConfigError: Its time zone is not the configured one: schedules and documents would be on the wrong day.
        """
        info = self.api.check_shop()
        if info.iana_timezone != self.shop.time_zone:
            raise ConfigError(
                f"{self.shop.domain} lives in {info.iana_timezone}, not in {self.shop.time_zone}: set its time_zone"
            )
        self.welcome_back()
        return info

    def introduce(self) -> ShopInfo:
        """Ask the shop who it is, and keep its zone, currency and first day of books.

        Raises:
            PipelineError: As ``ask_shop``.
        """
        info = self.ask_shop()
        with self.connect() as conn:
            register_shop(
                conn,
                shop=self.shop.domain,
                time_zone=info.iana_timezone,
                currency=info.currency,
                plan=info.plan,
                go_live_on=self.shop.go_live_on,
                at=self.clock.now(),
            )
        return info

    def rests_until(self, stream: str) -> datetime | None:
        """Until when a run that nobody asked for leaves a stream alone; None when it is to be read.

        What can only be read whole costs as much when nothing changed, so it is not read again with every change.
        """
        if not is_read_whole(stream):
            return None
        with self.connect() as conn:
            cursor = Loads(conn).cursor(self.shop.domain, stream)
        if cursor is None:
            return None
        until = cursor + timedelta(seconds=self.settings.triggers.whole_interval_seconds)
        return until if until > self.api.check_shop().now else None

    def extract(self, stream: str) -> Extracted | None:
        """Land what changed; a load that was landed and not merged is merged first.

        Returns:
            What is landed; None when the shop does not grant what this stream needs, and it was skipped.

        Raises:
            TransientError: Another process reads the same stream; nothing was touched.
        """
        with self.connect() as conn:
            self._hold(conn, stream)
            self._merge_leftover(conn, stream)
            with self.stage(f"extract:{stream}") as counts:
                if self._skips(stream, counts):
                    return None
                self._ask_for(conn, stream, counts)
                meter = Meter(self.api, self.landing, self.clock.monotonic)
                done = self._extract(Loads(conn), stream)
                spent = meter.spent()
                Loads(conn).note_extraction(done.load_id, size_bytes=done.bytes, **asdict(spent))
                counts |= {"parts": done.parts, "roots": done.roots, "bytes": done.bytes}
                counts |= {"api_points": round(spent.api_points, 1), "api_requests": spent.api_requests}
        return done

    def _ask_for(self, conn: Connection, stream: str, counts: dict[str, Any]) -> None:
        """Read by id, before the window, what hints say is gone and what names something that is; merge it at once."""
        gids = to_ask_for(conn, self.shop.domain, stream)
        conn.rollback()
        if not gids:
            return
        loaded = self._read_roots(conn, stream, gids)
        counts |= {"asked_for": len(gids), "gone": loaded.gone}
        self.progress(f"{stream}: {len(gids)} roots were asked for by id, {loaded.gone} are gone")

    def read_roots(self, stream: str, gids: Sequence[str]) -> Loaded:
        """Read these roots as they are now, whatever the cursor says, and merge them at once.

        Raises:
            TransientError: Another process reads the same stream; nothing was touched.
        """
        with self.connect() as conn:
            self._hold(conn, stream)
            return self._read_roots(conn, stream, gids)

    def _read_roots(self, conn: Connection, stream: str, gids: Sequence[str]) -> Loaded:
        loads = Loads(conn)
        loads.abandon_dead_roots(self.shop.domain, stream)
        landed = extract_roots(
            self.api,
            self.landing,
            loads,
            shop=self.shop.domain,
            stream=stream,
            gids=gids,
            clock=self.clock,
            config=self.extract_config,
            progress=self.progress,
        )
        # Not the oldest unfinished load: a window that was interrupted before is still to be read.
        return self._load(conn, loads.find(landed.load_id))

    def _hold(self, conn: Connection, stream: str) -> None:
        if not hold_for_reading(conn, self.shop.domain, stream):
            raise TransientError(f"{self.shop.domain}: another process is reading {stream}; try again when it is done")

    def sweep(self, stream: str, *, share_max: float | None = None) -> list[Swept] | None:
        """Name every root the shop has, and mark what this sweep and the one before did not find.

        Args:
            share_max: Share of the roots of a kind that may be missing; None: as configured.

        Returns:
            One entry per kind of root; None when the stream is not granted, or another process has the load.

        Raises:
            TooManyMissingError: More are missing; nothing was marked.
            TransientError: Another process sweeps the same stream.
        """
        ids = ids_stream(stream)
        with self.connect() as conn:
            if not hold_for_reading(conn, self.shop.domain, ids):
                raise TransientError(f"{self.shop.domain}: another process sweeps {stream}; try again when it is done")
            with self.stage(f"sweep:{stream}") as counts:
                if self._skips(stream, counts):
                    return None
                load = land_ids(
                    self.api,
                    self.landing,
                    Loads(conn),
                    shop=self.shop.domain,
                    stream=stream,
                    clock=self.clock,
                    progress=self.progress,
                )
                try:
                    swept = self._settle(
                        conn, load, self.settings.lag.missing_share_max if share_max is None else share_max
                    )
                except TooManyMissingError:
                    # The next sweep names them anew; what this one found must not be acted on later.
                    self._give_up(Loads(conn), load)
                    raise
                counts |= {each.node: each.found.present for each in swept or ()}
                counts |= {"gone": sum(each.gone for each in swept or ())}
        return swept

    def _settle(self, conn: Connection, load: Load, share_max: float) -> list[Swept] | None:
        return settle(
            conn,
            load,
            STREAMS[stream_of_ids(load.stream)],
            ids_by_node(line for kind, lines in self._bodies(load) if kind == "bulk" for line in lines),
            share_max=share_max,
            clock=self.clock,
            progress=self.progress,
        )

    def _skips(self, stream: str, counts: dict[str, Any]) -> bool:
        """Whether the shop does not grant what a stream needs; that is told, and is no failure."""
        lacking = not_granted(STREAMS[stream], self.introduce().scopes)
        if lacking:
            counts[SKIPPED] = f"{self.shop.domain} does not grant {', '.join(lacking)}: {stream} is not read"
            self.progress(counts[SKIPPED])
        return bool(lacking)

    def _extract(self, loads: Loads, stream: str) -> Extracted:
        try:
            return extract(
                self.api,
                self.landing,
                loads,
                shop=self.shop.domain,
                stream=stream,
                clock=self.clock,
                config=self.extract_config,
                progress=self.progress,
            )
        except PermanentError:
            # What cannot be read must not be resumed: the next extract begins anew, with bulk operations of its own.
            begun = loads.unfinished(self.shop.domain, stream)
            if begun is not None:
                loads.abandon(begun.load_id)
            raise

    def _merge_leftover(self, conn: Connection, stream: str) -> None:
        """Merge a landed load; one that cannot be merged is given up, for its window is read again anyway."""
        leftover = Loads(conn).unfinished(self.shop.domain, stream)
        if leftover is None or leftover.state != "landed":
            return
        try:
            self.load(stream)
        except IncompleteError as exc:
            self.progress(f"{stream}: load {leftover.load_id} is given up and read again: {exc}")
            self._give_up(Loads(conn), leftover)

    def rewind(self, stream: str, to: datetime) -> bool:
        """Move a cursor back, giving up what was begun from where it stood; False when the stream was never loaded."""
        with self.connect() as conn:
            loads = Loads(conn)
            begun = loads.unfinished(self.shop.domain, stream)
            if begun is not None:
                self._give_up(loads, begun)
            return loads.set_cursor(self.shop.domain, stream, to)

    def _give_up(self, loads: Loads, load: Load) -> None:
        """Nothing will be merged of this load, not from the landing zone alone either."""
        if load.state == "landed":
            self.landing.disown(load.landing_prefix)
        loads.abandon(load.load_id)

    def load(self, stream: str) -> Loaded | None:
        """Merge the landed load, if there is one.

        Raises:
            QuarantineBudgetError: It would withhold too many roots, and nobody accepted that; it stays landed.
        """
        with self.connect() as conn:
            load = Loads(conn).unfinished(self.shop.domain, stream)
            if load is None or load.state != "landed":
                return None
            return self._load(conn, load)

    def _load(self, conn: Connection, load: Load) -> Loaded:
        with self.stage(f"load:{load.stream}") as counts:
            loaded = self.merge(conn, load, budget=None if self.accepts_quarantine else self._budget())
            counts |= loaded.counts()
            if loaded.unknown_values:
                counts |= {"unknown_values": dict(loaded.unknown_values)}
            if not loaded.skipped:
                Loads(conn).note_merge(
                    load.load_id,
                    rows=sum(loaded.rows.values()),
                    seconds=loaded.seconds,
                    newest_change_at=loaded.newest_change_at,
                )
        return loaded

    def _budget(self) -> Budget:
        lag = self.settings.lag
        return Budget(lag.quarantine_roots_max, lag.quarantine_share_max)

    def merge(
        self, conn: Connection, load: Load, *, budget: Budget | None = None, stopwatch: Stopwatch | None = None
    ) -> Loaded:
        """Merge a landed load, in the transaction of the connection or in one of its own; a sweep marks what is gone.

        Raises:
            QuarantineBudgetError: It would withhold more roots than the budget allows; nothing was written.
        """
        if is_ids(load.stream):
            # It was merged before, so that what it found missing was accepted then.
            swept = self._settle(conn, load, 1.0)
            received = sum(each.found.present for each in swept or ())
            gone = sum(each.gone for each in swept or ())
            return Loaded(load.load_id, received, received, 0, 0, gone, {}, skipped=swept is None, gone=gone)
        return load_landed(
            conn,
            self._bodies(load),
            load=load,
            stream=STREAMS[load.stream],
            clock=self.clock,
            progress=self.progress,
            budget=budget,
            stopwatch=stopwatch,
            asked=self._asked(load),
        )

    def sync(self, stream: str) -> None:
        """Bring one stream up to date, everything older that is still to be loaded included."""
        while True:
            landed = self.extract(stream)
            loaded = self.load(stream)
            if landed is None or loaded is None or loaded.skipped:
                return
            with self.connect() as conn:
                if stream not in Loads(conn).backfilling(self.shop.domain):
                    return

    def _bodies(self, load: Load) -> Iterator[tuple[str, Iterable[bytes]]]:
        for part in self.landing.manifest(load.landing_prefix).parts:
            if part.kind == "bulk":
                yield part.kind, self.landing.lines(load.landing_prefix, part)
            elif part.kind != "asked":
                yield part.kind, (self.landing.body(load.landing_prefix, part),)

    def _asked(self, load: Load) -> list[str]:
        """Gids that were asked for one by one."""
        parts = [part for part in self.landing.manifest(load.landing_prefix).parts if part.kind == "asked"]
        return [gid for part in parts for gid in msgspec.json.decode(self.landing.body(load.landing_prefix, part))]
