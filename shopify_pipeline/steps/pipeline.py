"""The steps of one shop, in the order they are run.

Here: handing one room's object to another. Not here: opening a room (``rooms.py``), or what a step does; that is the
step's own module.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from shopify_pipeline.errors import ConfigError, IncompleteError, PermanentError, TransientError
from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.shopify.bulk import BulkRunner
from shopify_pipeline.shopify.client import ShopInfo
from shopify_pipeline.shopify.subscriptions import ensure_subscriptions
from shopify_pipeline.steps.census import Census, take_census
from shopify_pipeline.steps.extract import ExtractConfig, Extracted, extract
from shopify_pipeline.steps.load import Loaded, load_landed
from shopify_pipeline.steps.push import Pushed, push
from shopify_pipeline.steps.reconcile import Reconciled, reconcile
from shopify_pipeline.steps.rooms import Rooms
from shopify_pipeline.steps.snapshot import Snapshot, take_snapshot
from shopify_pipeline.warehouse import inbox
from shopify_pipeline.warehouse.connect import Connection
from shopify_pipeline.warehouse.loads import Load, Loads, hold_for_reading, register_shop


@dataclass(frozen=True)
class Subscribed:
    """Webhook topics that were asked for, given up, or found missing and asked for again.

    Attributes:
        vanished: Those of ``created`` that had been there when last looked at.
    """

    created: tuple[str, ...]
    removed: tuple[str, ...]
    vanished: tuple[str, ...]


class Pipeline(Rooms):
    """All steps of one shop; each commits for itself and can be run again."""

    @property
    def extract_config(self) -> ExtractConfig:
        return ExtractConfig(**self.settings.extract.model_dump())

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
                go_live_on=self.shop.go_live_on,
                at=self.clock.now(),
            )
        return info

    def extract(self, stream: str) -> Extracted:
        """Land what changed; a load that was landed and not merged is merged first.

        Raises:
            TransientError: Another process reads the same stream; nothing was touched.
        """
        with self.connect() as conn:
            if not hold_for_reading(conn, self.shop.domain, stream):
                raise TransientError(
                    f"{self.shop.domain}: another process is reading {stream}; try again when it is done"
                )
            self._merge_leftover(conn, stream)
            with self.stage(f"extract:{stream}") as counts:
                self.introduce()
                done = self._extract(Loads(conn), stream)
                counts |= {"parts": done.parts, "roots": done.roots, "bytes": done.bytes}
        return done

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
            Loads(conn).abandon(leftover.load_id)

    def rewind(self, stream: str, to: datetime) -> bool:
        """Move a cursor back, giving up what was begun from where it stood; False when the stream was never loaded."""
        with self.connect() as conn:
            loads = Loads(conn)
            begun = loads.unfinished(self.shop.domain, stream)
            if begun is not None:
                loads.abandon(begun.load_id)
            return loads.set_cursor(self.shop.domain, stream, to)

    def load(self, stream: str) -> Loaded | None:
        """Merge the landed load, if there is one."""
        with self.connect() as conn:
            load = Loads(conn).unfinished(self.shop.domain, stream)
            if load is None or load.state != "landed":
                return None
            with self.stage(f"load:{stream}") as counts:
                loaded = load_landed(
                    conn,
                    self._bodies(load),
                    load=load,
                    stream=STREAMS[stream],
                    clock=self.clock,
                    progress=self.progress,
                )
                counts |= loaded.counts()
        return loaded

    def subscribe(self) -> Subscribed | None:
        """Make sure the shop sends hints: Shopify drops a subscription whose deliveries kept failing.

        Returns:
            What was done; None when no address is set.
        """
        uri = self.shop.webhook_uri
        if uri is None:
            return None
        with self.stage(inbox.SUBSCRIBE_STAGE) as counts, self.connect() as conn:
            # An alias must not get a stranger's shop subscribed.
            self.ask_shop()
            before = inbox.last_subscribed(conn, self.shop.domain, uri)
            found = ensure_subscriptions(self.api, uri)
            vanished = tuple(topic for topic in found.created if topic in before)
            topics = [*found.kept, *found.created]
            counts |= {"uri": uri, "topics": topics, "created": len(found.created), "vanished": list(vanished)}
        if vanished:
            self.progress(
                f"{self.shop.domain}: subscriptions had vanished and were made again: {', '.join(vanished)}; Shopify "
                "removes them when deliveries keep failing: look whether the receiver is reachable"
            )
        return Subscribed(created=found.created, removed=found.removed, vanished=vanished)

    def handle_hints(self) -> int:
        """Close webhook hints that had come before every stream's last merged load began: they have been read."""
        with self.connect() as conn:
            read_since = Loads(conn).all_read_since(self.shop.domain, len(STREAMS))
            if read_since is None:
                return 0
            return inbox.mark_handled(conn, self.shop.domain, read_since, self.clock.now())

    def push(self) -> Pushed | None:
        """Bring what is owed into the back office; None when the shop has no go-live day."""
        if self.shop.go_live_on is None:
            self.progress(f"{self.shop.domain} has no go_live_on: nothing is owed to the back office")
            return None
        with self.stage("push") as counts, self.connect() as conn:
            pushed = push(
                conn,
                self.backoffice,
                shop=self.shop.domain,
                value_map=self.value_map(),
                go_live_on=self.shop.go_live_on,
                time_zone=self.shop.time_zone,
                clock=self.clock,
                batch_size=self.settings.tryton.batch_size,
                progress=self.progress,
            )
            counts |= pushed.totals()
        return pushed

    def snapshot(self) -> Snapshot:
        """Read the back office's own books into ``backoffice``."""
        with self.stage("snapshot") as counts, self.connect() as conn:
            taken = take_snapshot(
                conn, self.backoffice, shop=self.shop.domain, clock=self.clock, progress=self.progress
            )
            counts |= taken.counts
        return taken

    def census(self) -> Census:
        """Count the shop apart from the field map."""
        with self.stage("census") as counts, self.connect() as conn:
            taken = take_census(
                conn,
                self.api,
                BulkRunner(self.api, progress=self.progress),
                shop=self.shop.domain,
                clock=self.clock,
                progress=self.progress,
            )
            counts |= taken.counts
        return taken

    def reconcile(self) -> Reconciled:
        """Compare census, warehouse and snapshot rule by rule, into the break ledger.

        Raises:
            ConfigError: The shop has no go-live day: there are no books to compare.
        """
        if self.shop.go_live_on is None:
            raise ConfigError(
                f"{self.shop.domain}: set go_live_on; without a first day there are no books to reconcile"
            )
        with self.stage("reconcile") as counts, self.connect() as conn:
            found = reconcile(
                conn,
                shop=self.shop.domain,
                value_map=self.value_map(),
                go_live_on=self.shop.go_live_on,
                time_zone=self.shop.time_zone,
                lag_seconds=self.settings.lag.backoffice_seconds,
                clock=self.clock,
            )
            counts |= {"open": found.open_breaks, **found.by_class}
        return found

    def _bodies(self, load: Load) -> Iterator[tuple[str, Iterable[bytes]]]:
        for part in self.landing.manifest(load.landing_prefix).parts:
            if part.kind == "bulk":
                yield part.kind, self.landing.lines(load.landing_prefix, part)
            else:
                yield part.kind, (self.landing.body(load.landing_prefix, part),)
