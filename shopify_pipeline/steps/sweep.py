"""Sweep one stream of one shop: name every root there is, and mark what two sweeps in a row did not find.

Here: the sweep's life, its guard and its one transaction. Not here: the SQL of missing and gone (``tombstones.py``).
What Shopify deletes it never tells of in a window, and a webhook that would may get lost.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import msgspec

from shopify_pipeline.clock import Clock
from shopify_pipeline.errors import ConfigError, PermanentError
from shopify_pipeline.landing import Landing, LandingWriter, Part
from shopify_pipeline.schemas import Stream
from shopify_pipeline.schemas.decode import tail
from shopify_pipeline.schemas.records import node_type
from shopify_pipeline.shopify.bulk import BulkRunner
from shopify_pipeline.shopify.bulk_files import BulkFile
from shopify_pipeline.shopify.client import AdminApi
from shopify_pipeline.shopify.queries import operation
from shopify_pipeline.shopify.streams import IDS
from shopify_pipeline.steps.extract import LoadMemory
from shopify_pipeline.warehouse import loads as ops
from shopify_pipeline.warehouse.connect import Connection
from shopify_pipeline.warehouse.loads import Load, Loads
from shopify_pipeline.warehouse.tombstones import Found, find_missing, settle_missing

_SUFFIX = "_ids"
#: A shop of a few roots may lose some of them without it being a share of anything.
ALWAYS_ALLOWED = 5


class TooManyMissingError(PermanentError):
    """More roots are missing than a shop deletes: rather a lost scope or a broken answer. Nothing was marked."""


@dataclass(frozen=True)
class Swept:
    """One kind of root of a sweep.

    Attributes:
        gone: Roots marked as deleted: missing in this sweep and the one before.
    """

    node: str
    found: Found
    gone: int


def ids_stream(stream: str) -> str:
    """Under which name the sweeps of a stream are kept: their loads and their cursor are none of the stream's own.

    Raises:
        ConfigError: The stream is read whole anyway, or Shopify deletes none of its roots.
    """
    if stream not in IDS:
        raise ConfigError(f"{stream} is not swept; these are: {', '.join(IDS)}")
    return stream + _SUFFIX


def is_ids(name: str) -> bool:
    """Whether this is the name of a stream's sweeps."""
    return name.endswith(_SUFFIX)


def stream_of_ids(name: str) -> str:
    """The stream that is swept under this name."""
    return name.removesuffix(_SUFFIX)


def land_ids(
    api: AdminApi,
    landing: Landing,
    loads: Loads,
    *,
    shop: str,
    stream: str,
    clock: Clock,
    progress: Callable[[str], None],
) -> Load:
    """Land the ids of every root the shop has; a sweep that was interrupted is gone on with.

    Raises:
        PipelineError: Nothing is landed; the next call goes on.
    """
    name = ids_stream(stream)
    load = loads.unfinished(shop, name)
    if load is not None and load.state == "landed":
        return load
    now = api.check_shop().now
    if load is None:
        load = loads.open(shop=shop, stream=name, mode="full", window_from=None, window_to=now, started_at=clock.now())
    writer = landing.begin(load.landing_prefix, window_to=load.window_to)
    runner, memory = BulkRunner(api, progress=progress), LoadMemory(loads, load)
    for document in IDS[stream]:
        runner.fetch(operation(document), memory, _landing(writer, document, api.api_version), since=load.window_to)
    landed_at = clock.now()
    writer.finish(
        shop=shop,
        stream=name,
        load_id=load.load_id,
        mode=load.mode,
        window_from=None,
        window_to=load.window_to,
        shop_now=now,
        landed_at=landed_at,
    )
    loads.mark_landed(load.load_id, landed_at)
    return replace(load, state="landed", landed_at=landed_at)


def _landing(writer: LandingWriter, document: str, api_version: str) -> Callable[[BulkFile, Iterator[bytes]], Part]:
    def land(file: BulkFile, chunks: Iterator[bytes]) -> Part:
        return writer.add_lines(
            chunks,
            operation=document,
            query_hash=operation(document).query_hash,
            api_version=api_version,
            lines=file.lines,
            roots=file.lines,
        )

    return land


class _Line(msgspec.Struct):
    id: str


_LINE = msgspec.json.Decoder(_Line)


def ids_by_node(lines: Iterable[bytes]) -> dict[str, list[str]]:
    """Tails of the ids in the lines of an id sweep, by GraphQL type.

    Raises:
        msgspec.ValidationError: A line names no id.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for line in lines:
        gid = _LINE.decode(line).id
        found[node_type(gid)].append(tail(gid))
    return found


def settle(
    conn: Connection,
    load: Load,
    stream: Stream,
    present: Mapping[str, list[str]],
    *,
    share_max: float,
    clock: Clock,
    progress: Callable[[str], None],
) -> list[Swept] | None:
    """Compare a landed sweep with the warehouse and act on it, in one transaction.

    Args:
        load: The landed sweep; its ``window_to`` is when it began, by the shop's clock.
        present: Tails of everything the shop has, by GraphQL type.
        share_max: Share of the roots of a kind that may be missing; a fraction.

    Returns:
        One entry per kind of root; None when another process has the load.

    Raises:
        TooManyMissingError: More are missing than may be; nothing was marked or remembered.
    """
    with conn.transaction():
        if not ops.claim(conn, load):
            return None
        swept = []
        for node, _ in stream.roots:
            found = find_missing(conn, load, stream, node, present.get(node, ()), begun_at=load.window_to)
            _refuse_too_many(load, node, found, share_max)
            swept.append(Swept(node, found, settle_missing(conn, load, stream, node)))
        total = sum(each.found.present for each in swept)
        gone = sum(each.gone for each in swept)
        counts = {"received": total, "loaded": total, "superseded": 0, "quarantined": 0, "new_versions": gone}
        ops.finish(conn, load, counts, clock.now())
    for each in swept:
        progress(
            f"{load.stream}: the shop has {each.found.present} {each.node}s, {each.found.missing} of ours are missing, "
            f"{each.gone} marked as deleted"
        )
    return swept


def _refuse_too_many(load: Load, node: str, found: Found, share_max: float) -> None:
    if found.missing <= max(ALWAYS_ALLOWED, found.held * share_max):
        return
    raise TooManyMissingError(
        f"{load.shop}: {found.missing} of {found.held} {node}s are not in the shop's list, more than "
        f"{share_max:.1%}: nothing was marked as deleted. Look whether the app lost a scope (shopify-pipeline doctor); "
        "if the shop really deleted them: shopify-pipeline sweep --share-max 1"
    )
