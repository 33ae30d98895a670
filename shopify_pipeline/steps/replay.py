"""Replay: withheld roots are read again and loaded where the cause is gone.

Here: which of them can be asked for by id, and what is done about the others. Not here: reading and loading.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline.warehouse.loads import Loads, Quarantined, release

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def replay(pipeline: Pipeline) -> dict[str, int]:
    """Read every withheld root again and load those whose cause is gone.

    A complaint whose root nobody can ask for (an orphan's parent, an id that is none) has its window read again.

    Returns:
        ``replayed`` roots asked for, ``released`` of them loaded, ``remaining`` still withheld.
    """
    withheld = _withheld(pipeline)
    for stream in STREAMS:
        known, nameless = _by_address(one for one in withheld if one.stream == stream)
        if nameless:
            _read_again_since(pipeline, stream, nameless)
        gids = sorted({f"gid://shopify/{one.root_type}/{one.root_id}" for one in known})
        if not gids:
            continue
        with pipeline.stage(f"replay:{stream}") as counts:
            counts |= {"roots": pipeline.read_roots(stream, gids).received}
    remaining = _withheld(pipeline)
    return {
        "replayed": len(_roots(withheld)),
        "released": len(_roots(withheld) - _roots(remaining)),
        "remaining": len(_roots(remaining)),
    }


def _read_again_since(pipeline: Pipeline, stream: str, nameless: Sequence[Quarantined]) -> None:
    """Read everything from where the first of these complaints was read; those that do not return are released."""
    since = min(one.window_from or _EPOCH for one in nameless)
    with pipeline.connect() as conn:
        cursor = Loads(conn).cursor(pipeline.shop.domain, stream)
    if cursor is not None and since < cursor:
        pipeline.rewind(stream, since)
    pipeline.extract(stream)
    with pipeline.connect() as conn:
        load = Loads(conn).unfinished(pipeline.shop.domain, stream)
    loaded = pipeline.load(stream)
    is_covered = load is not None and (load.window_from is None or load.window_from <= since)
    if load is None or loaded is None or loaded.skipped or not is_covered:
        return
    came_again = {(one.root_type, one.root_id) for one in _withheld(pipeline) if one.load_id == load.load_id}
    with pipeline.connect() as conn, conn.transaction():
        for one in nameless:
            if (one.root_type, one.root_id) not in came_again:
                release(conn, load, one.root_type, [one.root_id], pipeline.clock.now())


def _withheld(pipeline: Pipeline) -> list[Quarantined]:
    with pipeline.connect() as conn:
        return Loads(conn).open_quarantine(pipeline.shop.domain)


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
