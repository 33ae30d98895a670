"""Extract one stream of one shop: what changed is landed as Shopify sent it, then the load is marked landed.

Here: the load's life: its window, resuming, the order of writes. Not here: which way a stream is read
(``extract_reading.py``), how Shopify is spoken to, and anything that reads a value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol

from obstore.store import MemoryStore

from shopify_pipeline.clock import Clock
from shopify_pipeline.errors import PermanentError
from shopify_pipeline.landing import Landing, Manifest
from shopify_pipeline.load_mode import LoadMode
from shopify_pipeline.shopify.bulk import NoMemory
from shopify_pipeline.shopify.client import AdminApi
from shopify_pipeline.shopify.windows import Window
from shopify_pipeline.steps.extract_reading import Reading, has_windows, is_older

#: How far the clocks of the machines a shop answers from may be apart; a cursor came from one, the next answer from
#: another.
SKEW_SECONDS = 60


class CursorAheadError(PermanentError):
    """A cursor lies in the shop's future: a window from there would be empty and what changed meanwhile overlooked."""


class Load(Protocol):
    """One load that is not merged yet, as ``ops.loads`` keeps it.

    Attributes:
        mode: ``full`` reads everything, ``window`` what changed between the two instants, ``backfill`` a slice of what
            is older than the first window, ``roots`` named roots again.
        window_from: Start of the window, UTC, an overlap behind the cursor, or of the slice; None: no start.
        window_to: The shop's clock when the load began, UTC; what the cursor becomes.
        bulk_operations: Gid of every bulk operation this load submitted, by query name and hash.
    """

    @property
    def load_id(self) -> int: ...
    @property
    def mode(self) -> LoadMode: ...
    @property
    def window_from(self) -> datetime | None: ...
    @property
    def window_to(self) -> datetime: ...
    @property
    def state(self) -> Literal["extracting", "landed"]: ...
    @property
    def landing_prefix(self) -> str: ...
    @property
    def bulk_operations(self) -> Mapping[str, str]: ...


class Backfill(Protocol):
    """What of a stream is still to be loaded, as ``ops.cursors`` keeps it.

    Attributes:
        until: It was last changed before this, UTC.
        was_last: Whether the load merged last was a slice of it.
    """

    @property
    def until(self) -> datetime: ...
    @property
    def was_last(self) -> bool: ...


class LoadPort(Protocol):
    """What extracting needs to remember. Every call is durable when it returns."""

    def cursor(self, shop: str, stream: str) -> datetime | None:
        """The instant (the shop's clock, UTC) up to which everything is loaded; None before the first load."""

    def backfill(self, shop: str, stream: str) -> Backfill | None:
        """What is older than the first window and still to be loaded; None when nothing is."""

    def unfinished(self, shop: str, stream: str) -> Load | None:
        """The oldest load that is extracting or landed, if any."""

    def open(
        self,
        *,
        shop: str,
        stream: str,
        mode: LoadMode,
        window_from: datetime | None,
        window_to: datetime,
        started_at: datetime,
    ) -> Load:
        """Begin a load in state ``extracting``, with a landing prefix of its own."""

    def remember_bulk(self, load_id: int, name: str, gid: str) -> None:
        """Keep the gid of a submitted bulk operation, so that a restart adopts it; a later one of that name wins."""

    def forget_bulk(self, load_id: int, name: str) -> None:
        """Keep no gid under this name any more: its operation is of no use."""

    def mark_landed(self, load_id: int, landed_at: datetime) -> None:
        """extracting → landed."""

    def abandon(self, load_id: int) -> None:
        """Give a load up: nothing of it was merged."""


@dataclass(frozen=True)
class ExtractConfig:
    """How to read.

    Attributes:
        overlap_seconds: How far behind the cursor a window begins: Shopify's search index lags behind its objects.
        bulk_threshold: From this many roots on, a stream is read by a bulk operation.
        page_size: Roots per page to begin with.
        metafields: Stream → namespaces and keys of the metafields to read of its roots.
        backfill_days: How many days the first load reads back; what is older follows in slices as long, newest first,
            in turn with the windows. None: the first load reads everything.
    """

    overlap_seconds: int = 600
    bulk_threshold: int = 1000
    page_size: int = 250
    metafields: Mapping[str, Sequence[str]] = field(default_factory=dict)
    backfill_days: int | None = None


@dataclass(frozen=True)
class Extracted:
    """What is landed and waits to be merged.

    Attributes:
        parts: Landed bodies and bulk files.
        roots: Roots as Shopify sent them; one that changed meanwhile was sent twice.
        bytes: Before compression.
    """

    load_id: int
    mode: LoadMode
    window_from: datetime | None
    window_to: datetime
    parts: int
    roots: int
    bytes: int


def extract(
    api: AdminApi,
    landing: Landing,
    loads: LoadPort,
    *,
    shop: str,
    stream: str,
    clock: Clock,
    config: ExtractConfig,
    progress: Callable[[str], None],
) -> Extracted:
    """Land everything that changed in one stream since its cursor, or everything there is when it has none.

    A load that is landed but not merged is given back untouched; one that was interrupted is read again in its own
    window.

    Raises:
        CursorAheadError: The cursor lies in the shop's future; nothing was begun.
        PipelineError: Nothing is landed then; the next call resumes the same load.
    """
    load = loads.unfinished(shop, stream)
    if load is not None and load.state == "landed":
        return _extracted(landing.manifest(load.landing_prefix))
    if load is not None and load.mode == "roots":
        # Which roots were wanted was only known to whoever began it.
        loads.abandon(load.load_id)
        load = None
    now = api.check_shop().now
    slices = Slices(api, loads, shop=shop, stream=stream, days=config.backfill_days)
    if load is None:
        load = slices.next(now, clock.now()) or _opened(loads, shop, stream, now, clock.now(), config, slices)
    session = _Session(landing, loads, load, shop=shop, stream=stream, shop_now=now, clock=clock, progress=progress)
    reading = _reading(api, session, loads, load, stream, config, progress)
    if load.mode == "full":
        reading.read_all(stream, load.window_to)
    else:
        reading.read(stream, Window(load.window_from, slices.end(load)))
    return session.landed()


def extract_roots(
    api: AdminApi,
    landing: Landing,
    loads: LoadPort,
    *,
    shop: str,
    stream: str,
    gids: Sequence[str],
    clock: Clock,
    config: ExtractConfig,
    progress: Callable[[str], None],
) -> Extracted:
    """Land these roots as they are now, whatever the cursor says; one that is gone leaves only that it was asked for.

    Raises:
        PipelineError: Nothing is landed; the load stays behind until the next ``extract`` abandons it.
    """
    now = api.check_shop().now
    load = loads.open(shop=shop, stream=stream, mode="roots", window_from=None, window_to=now, started_at=clock.now())
    session = _Session(landing, loads, load, shop=shop, stream=stream, shop_now=now, clock=clock, progress=progress)
    reading = _reading(api, session, loads, load, stream, config, progress)
    reading.note_asked(gids)
    reading.read_roots(stream, gids)
    return session.landed()


def read_apart(
    api: AdminApi, *, stream: str, gids: Sequence[str], config: ExtractConfig, progress: Callable[[str], None]
) -> list[tuple[str, bytes]]:
    """Read these roots as ``extract_roots`` does, but land and load nothing: kind and content of every answer."""
    writer = Landing(MemoryStore(), "memory", api.clock.monotonic).begin("apart/")
    reading = Reading(
        api,
        writer,
        NoMemory(),
        opened_at=api.clock.now(),
        page_size=config.page_size,
        bulk_threshold=config.bulk_threshold,
        metafields=config.metafields.get(stream, ()),
        progress=progress,
    )
    reading.read_roots(stream, gids)
    return writer.bodies()


def _reading(
    api: AdminApi,
    session: _Session,
    loads: LoadPort,
    load: Load,
    stream: str,
    config: ExtractConfig,
    progress: Callable[[str], None],
) -> Reading:
    return Reading(
        api,
        session.writer,
        LoadMemory(loads, load),
        opened_at=load.window_to,
        page_size=config.page_size,
        bulk_threshold=config.bulk_threshold,
        metafields=config.metafields.get(stream, ()),
        progress=progress,
    )


class _Session:
    """One load being landed: its writer now, its manifest and its new state at the end."""

    def __init__(
        self,
        landing: Landing,
        loads: LoadPort,
        load: Load,
        *,
        shop: str,
        stream: str,
        shop_now: datetime,
        clock: Clock,
        progress: Callable[[str], None],
    ) -> None:
        self.writer = landing.begin(load.landing_prefix, window_to=load.window_to)
        self._loads, self._load = loads, load
        self._shop, self._stream, self._shop_now = shop, stream, shop_now
        self._clock, self._progress = clock, progress

    def landed(self) -> Extracted:
        """Write the manifest, then say so: a load is marked landed only when a reader would find it whole."""
        load, landed_at = self._load, self._clock.now()
        manifest = self.writer.finish(
            shop=self._shop,
            stream=self._stream,
            load_id=load.load_id,
            mode=load.mode,
            window_from=load.window_from,
            window_to=load.window_to,
            shop_now=self._shop_now,
            landed_at=landed_at,
        )
        self._loads.mark_landed(load.load_id, landed_at)
        extracted = _extracted(manifest)
        self._progress(
            f"{self._stream}: landed {extracted.roots} roots in {extracted.parts} parts, {extracted.bytes} bytes"
        )
        return extracted


class LoadMemory:
    """The bulk operations of one load, kept with it."""

    def __init__(self, loads: LoadPort, load: Load) -> None:
        self._loads = loads
        self._load_id = load.load_id
        self._known = dict(load.bulk_operations)

    def recall(self, name: str) -> str | None:
        return self._known.get(name)

    def remember(self, name: str, gid: str) -> None:
        self._loads.remember_bulk(self._load_id, name, gid)
        self._known[name] = gid

    def forget(self, name: str) -> None:
        self._loads.forget_bulk(self._load_id, name)
        self._known.pop(name, None)


def _opened(
    loads: LoadPort,
    shop: str,
    stream: str,
    shop_now: datetime,
    started_at: datetime,
    config: ExtractConfig,
    slices: Slices,
) -> Load:
    cursor = loads.cursor(shop, stream)
    if cursor is not None and cursor - shop_now > timedelta(seconds=SKEW_SECONDS):
        raise CursorAheadError(
            f"{shop} {stream}: the cursor {cursor:%Y-%m-%dT%H:%M:%SZ} lies in the future of the shop, whose clock says "
            f"{shop_now:%Y-%m-%dT%H:%M:%SZ}: nothing was read. When that clock is right, the cursor was not: run "
            f"shopify-pipeline cursor rewind {stream} --to an instant before the last load that can be trusted began"
        )
    if cursor is None:
        window_from = slices.start(shop_now)
    else:
        window_from = min(cursor - timedelta(seconds=config.overlap_seconds), shop_now)
    return loads.open(
        shop=shop,
        stream=stream,
        mode="full" if window_from is None else "window",
        window_from=window_from,
        window_to=shop_now,
        started_at=started_at,
    )


class Slices:
    """What is older than the first window, slice by slice, in turn with the windows: increments never wait for it."""

    def __init__(self, api: AdminApi, loads: LoadPort, *, shop: str, stream: str, days: int | None) -> None:
        self._api, self._loads = api, loads
        self._shop, self._stream, self._days = shop, stream, days

    def next(self, shop_now: datetime, started_at: datetime) -> Load | None:
        """Begin the next slice; None when nothing is left or a window's turn is first."""
        left = self._loads.backfill(self._shop, self._stream)
        if left is None or left.was_last:
            return None
        return self._loads.open(
            shop=self._shop,
            stream=self._stream,
            mode="backfill",
            window_from=self.start(left.until),
            window_to=shop_now,
            started_at=started_at,
        )

    def start(self, until: datetime) -> datetime | None:
        """Where a slice that ends here begins; None when nothing is older than it, or no slices are asked for."""
        if self._days is None or not has_windows(self._stream):
            return None
        since = until - timedelta(days=self._days)
        return since if is_older(self._api, self._stream, since) else None

    def end(self, load: Load) -> datetime:
        """Where reading of a load ends."""
        left = self._loads.backfill(self._shop, self._stream) if load.mode == "backfill" else None
        return load.window_to if left is None else left.until


def _extracted(manifest: Manifest) -> Extracted:
    return Extracted(
        load_id=manifest.load_id,
        mode=manifest.mode,
        window_from=manifest.window_from,
        window_to=manifest.window_to,
        parts=len(manifest.parts),
        roots=manifest.roots,
        bytes=manifest.bytes,
    )
