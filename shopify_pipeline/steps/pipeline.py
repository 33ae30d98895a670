"""The steps of one shop, each with what it needs opened from the settings, and each written down in ``ops.stages``.

Here: opening rooms and handing one room's object to another. Not here: what a step does; that is the step's own module.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import requests
import structlog

from shopify_pipeline.backoffice.protocol import BackOffice
from shopify_pipeline.backoffice.tryton import TrytonBackOffice
from shopify_pipeline.backoffice.value_map import ValueMap, read_value_map
from shopify_pipeline.clock import Clock, SystemClock
from shopify_pipeline.config import Settings
from shopify_pipeline.errors import ConfigError, PipelineError
from shopify_pipeline.landing import Landing
from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.shopify.bulk import BulkRunner
from shopify_pipeline.shopify.client import AdminApi, ShopInfo
from shopify_pipeline.shopify.session import HttpSession
from shopify_pipeline.shopify.subscriptions import Subscriptions, ensure_subscriptions
from shopify_pipeline.shopify.tokens import ClientCredentials, StaticToken, TokenProvider
from shopify_pipeline.steps.census import Census, take_census
from shopify_pipeline.steps.extract import ExtractConfig, Extracted, extract, extract_roots
from shopify_pipeline.steps.load import Loaded, load_landed
from shopify_pipeline.steps.push import Pushed, push
from shopify_pipeline.steps.reconcile import Reconciled, reconcile
from shopify_pipeline.steps.snapshot import Snapshot, take_snapshot
from shopify_pipeline.warehouse import inbox
from shopify_pipeline.warehouse.connect import Connection, connect
from shopify_pipeline.warehouse.loads import Load, Loads, Quarantined, record_stage, register_shop, release

_log = structlog.get_logger("shopify_pipeline")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Pipeline:
    """All steps of one shop.

    Args:
        domain: The shop's ``*.myshopify.com`` domain.
        progress: Called with one line per thing worth watching.

    Raises:
        ConfigError: No such shop is configured. Nothing is opened before a step runs.
    """

    def __init__(
        self,
        settings: Settings,
        domain: str,
        *,
        progress: Callable[[str], None],
        clock: Clock | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self.settings = settings
        self.shop = settings.shop(domain)
        self.progress = progress
        self._clock = clock or SystemClock()
        self._rng = rng or random.Random()  # noqa: S311 - spreads retries, hides nothing

    def connect(self) -> Connection:
        """A connection to the warehouse; the caller closes it."""
        return connect(self.settings.warehouse.dsn.get_secret_value())

    @cached_property
    def api(self) -> AdminApi:
        """The shop's Admin API, one session and one cost bucket for all steps of this pipeline."""
        host = self.shop.base_url.removeprefix("https://").split("/")[0].split(":")[0]
        allowed = {self.shop.domain, host, "storage.googleapis.com"}
        session = HttpSession(allowed_hosts=allowed, clock=self._clock, ca_file=self.shop.ca_file)
        return AdminApi(
            shop=self.shop.domain,
            session=session,
            tokens=self._tokens(session),
            clock=self._clock,
            rng=self._rng,
            endpoint=self.shop.base_url,
            api_version=self.shop.api_version,
        )

    def _tokens(self, session: HttpSession) -> TokenProvider:
        if self.shop.access_token is not None:
            return StaticToken(self.shop.access_token.get_secret_value())
        secret = self.shop.secret()
        if secret is None or self.shop.client_id is None:
            raise ConfigError(f"{self.shop.domain}: set client_id and client_secret_file, or access_token")
        return ClientCredentials(
            endpoint=self.shop.base_url,
            client_id=self.shop.client_id,
            client_secret=secret.get_secret_value(),
            session=session,
            clock=self._clock,
        )

    @cached_property
    def backoffice(self) -> BackOffice:
        """The back office, logged in at the first call."""
        tryton = self.settings.tryton
        return TrytonBackOffice(
            tryton.url,
            tryton.database,
            tryton.user,
            tryton.secret(),
            session=requests.Session(),
            clock=self._clock,
            timeout_seconds=tryton.timeout_seconds,
            orders_per_call=tryton.batch_size,
            progress=lambda resource, done, total: self.progress(f"{resource}: {done} of {total} in the back office"),
        )

    @cached_property
    def landing(self) -> Landing:
        return Landing.at(self.settings.landing_place)

    def value_map(self) -> ValueMap:
        """The reviewed value map.

        Raises:
            ConfigError: None is configured, or it does not read.
        """
        if self.shop.value_map is None:
            raise ConfigError(f"{self.shop.domain}: no value_map is set; nothing can be pushed without one")
        return read_value_map(self.shop.value_map)

    def introduce(self) -> ShopInfo:
        """Ask the shop who it is, and keep its zone, currency and first day of books.

        Raises:
            ConfigError: Its time zone is not the configured one: schedules and documents would be on the wrong day.
        """
        info = self.api.check_shop()
        if info.iana_timezone != self.shop.time_zone:
            raise ConfigError(
                f"{self.shop.domain} lives in {info.iana_timezone}, not in {self.shop.time_zone}: set its time_zone"
            )
        with self.connect() as conn:
            register_shop(
                conn,
                shop=self.shop.domain,
                time_zone=info.iana_timezone,
                currency=info.currency,
                go_live_on=self.shop.go_live_on,
                at=self._clock.now(),
            )
        return info

    def extract(self, stream: str) -> Extracted:
        """Land what changed; a load that was landed and not merged is merged first."""
        self.introduce()
        with self.connect() as conn:
            leftover = Loads(conn).unfinished(self.shop.domain, stream)
            if leftover is not None and leftover.state == "landed":
                self.load(stream)
            with self._stage(f"extract:{stream}") as counts:
                done = extract(
                    self.api,
                    self.landing,
                    Loads(conn),
                    shop=self.shop.domain,
                    stream=stream,
                    clock=self._clock,
                    config=ExtractConfig(**self.settings.extract.model_dump()),
                    progress=self.progress,
                )
                counts |= {"parts": done.parts, "roots": done.roots, "bytes": done.bytes}
        return done

    def load(self, stream: str) -> Loaded | None:
        """Merge the landed load, if there is one, and close the hints that came before it was read."""
        with self.connect() as conn:
            load = Loads(conn).unfinished(self.shop.domain, stream)
            if load is None or load.state != "landed":
                return None
            with self._stage(f"load:{stream}") as counts:
                loaded = load_landed(
                    conn,
                    self._bodies(load),
                    load=load,
                    stream=STREAMS[stream],
                    clock=self._clock,
                    progress=self.progress,
                )
                counts |= loaded.counts()
        return loaded

    def _bodies(self, load: Load) -> Iterator[tuple[str, Iterable[bytes]]]:
        for part in self.landing.manifest(load.landing_prefix).parts:
            if part.kind == "bulk":
                yield part.kind, self.landing.lines(load.landing_prefix, part)
            else:
                yield part.kind, (self.landing.body(load.landing_prefix, part),)

    def replay(self) -> dict[str, int]:
        """Read every withheld root again and load those whose cause is gone.

        A complaint whose root nobody can ask for (an orphan's parent, an id that is none) has its window read again.

        Returns:
            ``replayed`` roots asked for, ``released`` of them loaded, ``remaining`` still withheld.
        """
        withheld = self._withheld()
        for stream in STREAMS:
            known, nameless = _by_address(one for one in withheld if one.stream == stream)
            if nameless:
                self._read_again_since(stream, nameless)
            gids = sorted({f"gid://shopify/{one.root_type}/{one.root_id}" for one in known})
            if not gids:
                continue
            with self.connect() as conn, self._stage(f"replay:{stream}") as counts:
                done = extract_roots(
                    self.api,
                    self.landing,
                    Loads(conn),
                    shop=self.shop.domain,
                    stream=stream,
                    gids=gids,
                    clock=self._clock,
                    config=ExtractConfig(**self.settings.extract.model_dump()),
                    progress=self.progress,
                )
                counts |= {"roots": done.roots}
            self.load(stream)
        remaining = self._withheld()
        return {
            "replayed": len(_roots(withheld)),
            "released": len(_roots(withheld) - _roots(remaining)),
            "remaining": len(_roots(remaining)),
        }

    def _read_again_since(self, stream: str, nameless: Sequence[Quarantined]) -> None:
        """Read everything from where the first of these complaints was read; those that do not return are released."""
        since = min(one.window_from or _EPOCH for one in nameless)
        with self.connect() as conn:
            Loads(conn).set_cursor(self.shop.domain, stream, since)
        self.extract(stream)
        with self.connect() as conn:
            load = Loads(conn).unfinished(self.shop.domain, stream)
        loaded = self.load(stream)
        is_covered = load is not None and (load.window_from is None or load.window_from <= since)
        if load is None or loaded is None or loaded.skipped or not is_covered:
            return
        with self.connect() as conn, conn.transaction():
            for one in nameless:
                release(conn, load, one.root_type, [one.root_id], self._clock.now())

    def _withheld(self) -> list[Quarantined]:
        with self.connect() as conn:
            return Loads(conn).open_quarantine(self.shop.domain)

    def subscribe(self) -> Subscriptions | None:
        """Make sure the shop sends hints: Shopify drops a subscription whose deliveries kept failing."""
        if self.shop.webhook_uri is None:
            return None
        return ensure_subscriptions(self.api, self.shop.webhook_uri)

    def handle_hints(self, up_to: datetime) -> int:
        """Close webhook hints that had come before the sync began; what they hinted at has been read."""
        with self.connect() as conn:
            return inbox.mark_handled(conn, self.shop.domain, up_to, self._clock.now())

    def push(self) -> Pushed | None:
        """Bring what is owed into the back office; None when the shop has no go-live day."""
        if self.shop.go_live_on is None:
            self.progress(f"{self.shop.domain} has no go_live_on: nothing is owed to the back office")
            return None
        with self._stage("push") as counts, self.connect() as conn:
            pushed = push(
                conn,
                self.backoffice,
                shop=self.shop.domain,
                value_map=self.value_map(),
                go_live_on=self.shop.go_live_on,
                time_zone=self.shop.time_zone,
                clock=self._clock,
                batch_size=self.settings.tryton.batch_size,
                progress=self.progress,
            )
            counts |= pushed.totals()
        return pushed

    def snapshot(self) -> Snapshot:
        """Read the back office's own books into ``backoffice``."""
        with self._stage("snapshot") as counts, self.connect() as conn:
            taken = take_snapshot(
                conn, self.backoffice, shop=self.shop.domain, clock=self._clock, progress=self.progress
            )
            counts |= taken.counts
        return taken

    def census(self) -> Census:
        """Count the shop apart from the field map."""
        with self._stage("census") as counts, self.connect() as conn:
            taken = take_census(
                conn,
                self.api,
                BulkRunner(self.api, progress=self.progress),
                shop=self.shop.domain,
                clock=self._clock,
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
        with self._stage("reconcile") as counts, self.connect() as conn:
            found = reconcile(
                conn,
                shop=self.shop.domain,
                value_map=self.value_map(),
                go_live_on=self.shop.go_live_on,
                time_zone=self.shop.time_zone,
                lag_seconds=self.settings.lag.backoffice_seconds,
                clock=self._clock,
            )
            counts |= {"open": found.open_breaks, **found.by_class}
        return found

    @contextmanager
    def _stage(self, name: str) -> Iterator[dict[str, Any]]:
        """Write one stage run down, however it ends; a crash leaves none, and the daemon sees the run fail."""
        started_at = self._clock.now()
        counts: dict[str, Any] = {}
        log = _log.bind(shop=self.shop.domain, stage=name)
        try:
            yield counts
        except PipelineError as exc:
            log.error("stage failed", error=type(exc).__name__, reason=str(exc))
            self._record(name, started_at, "failed", str(exc), counts)
            raise
        self._record(name, started_at, "success", None, counts)
        log.info("stage done", **counts)

    def _record(
        self, stage: str, started_at: datetime, outcome: Any, message: str | None, counts: dict[str, Any]
    ) -> None:
        with self.connect() as conn:
            record_stage(
                conn,
                shop=self.shop.domain,
                stage=stage,
                started_at=started_at,
                finished_at=self._clock.now(),
                outcome=outcome,
                message=message,
                counts=counts,
            )


def _by_address(withheld: Iterable[Quarantined]) -> tuple[list[Quarantined], list[Quarantined]]:
    """Complaints about roots that can be asked for by id, and those about anything else."""
    known: list[Quarantined] = []
    nameless: list[Quarantined] = []
    for one in withheld:
        is_root = any(one.root_type == node for node, _ in STREAMS[one.stream].roots)
        has_id = one.root_id.isascii() and one.root_id.isdigit() and int(one.root_id) < 2**63
        (known if is_root and has_id else nameless).append(one)
    return known, nameless


def _roots(withheld: Iterable[Quarantined]) -> set[tuple[str, str, str]]:
    return {(one.stream, one.root_type, one.root_id) for one in withheld}


def record_failed_run(settings: Settings, *, shop: str, job: str, message: str) -> None:
    """Keep that an orchestrated run failed, for status and alerts; also when it died before any stage began."""
    now = SystemClock().now()
    with connect(settings.warehouse.dsn.get_secret_value()) as conn:
        record_stage(
            conn,
            shop=shop,
            stage=f"run:{job}",
            started_at=now,
            finished_at=now,
            outcome="failed",
            message=message,
            counts={},
        )
