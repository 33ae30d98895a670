"""Retention: what of the landing zone may go, and removing it.

Here: the rule, and one removal after the other. Not here: how a prefix is removed (``landing/store.py``).
Everything a rebuilding of the tables needs stays, unless somebody says in so many words that it may go.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from shopify_pipeline.landing import Manifest, Stored
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline.warehouse.loads import Loads, Remembered

#: What is landed without a manifest may still be being written by a process that is alive, but not for so long.
ABANDONED_AFTER = timedelta(days=2)

Verdict = Literal["needed", "superseded", "old", "abandoned", "in work"]


@dataclass(frozen=True)
class Kept:
    """One prefix of the landing zone and what retention says of it.

    Attributes:
        manifest: None when nothing whole is there.
        verdict: ``needed`` to rebuild the tables; ``superseded`` by a later full load; ``old``: needed, but older than
            may be; ``abandoned``: nothing was or will be merged from it; ``in work``: it may yet be.
    """

    stored: Stored
    manifest: Manifest | None
    verdict: Verdict


def judge(
    stored: Collection[Stored],
    manifests: Mapping[str, Manifest],
    loads: Mapping[str, Remembered],
    *,
    now: datetime,
    keep_days: int | None,
) -> list[Kept]:
    """Say of every prefix why it is kept or may go; oldest first.

    Args:
        manifests: By prefix, of those that are whole.
        loads: What the warehouse remembers, by prefix.
        now: Our clock, UTC.
        keep_days: How long a merged load is kept whatever became of it; None: for ever.
    """
    newest_full: dict[str, datetime] = {}
    for prefix, manifest in manifests.items():
        if manifest.mode == "full" and _state(loads.get(prefix), manifest) == "merged":
            newest_full[manifest.stream] = max(manifest.landed_at, newest_full.get(manifest.stream, manifest.landed_at))
    kept = []
    for each in sorted(stored, key=lambda each: each.modified_at):
        known, whole = loads.get(each.prefix), manifests.get(each.prefix)
        if whole is None:
            verdict = _unfinished(known, now - each.modified_at)
        else:
            is_old = keep_days is not None and now - whole.landed_at > timedelta(days=keep_days)
            later_full = newest_full.get(whole.stream, whole.landed_at) > whole.landed_at
            verdict = _whole(_state(known, whole), is_old, later_full)
        kept.append(Kept(each, whole, verdict))
    return kept


def _state(load: Remembered | None, manifest: Manifest) -> str | None:
    """What became of what is landed; None when the warehouse does not know it, whatever it has under that prefix."""
    return load.state if load is not None and load.window_to == manifest.window_to else None


def _unfinished(load: Remembered | None, age: timedelta) -> Verdict:
    if load is None:
        return "abandoned" if age > ABANDONED_AFTER else "in work"
    return "in work" if load.state in ("extracting", "landed") else "abandoned"


def _whole(state: str | None, is_old: bool, later_full: bool) -> Verdict:
    if state == "abandoned":
        return "abandoned"
    if state in ("extracting", "landed"):
        return "in work"
    if not is_old:
        return "needed"
    return "superseded" if state == "merged" and later_full else "old"


def survey(pipeline: Pipeline) -> list[Kept]:
    """Everything a shop has landed, with its verdict; oldest first."""
    shop = pipeline.shop.domain
    stored = list(pipeline.landing.stored(shop))
    manifests = {each.prefix: pipeline.landing.manifest(each.prefix) for each in stored if each.is_whole}
    with pipeline.connect() as conn:
        loads = {load.landing_prefix: load for load in Loads(conn).remembered(shop)}
    return judge(stored, manifests, loads, now=pipeline.clock.now(), keep_days=pipeline.settings.landing.keep_days)


def prune(pipeline: Pipeline, *, needed_too: bool = False, dry_run: bool = False) -> list[Kept]:
    """Remove what may go.

    Args:
        needed_too: Also what is older than ``keep_days`` and needed to rebuild the tables.
        dry_run: Only say what would go.

    Returns:
        What was, or would be, removed; oldest first.
    """
    may_go = {"superseded", "abandoned"} | ({"old"} if needed_too else set())
    with pipeline.stage("prune") as counts:
        going = [each for each in survey(pipeline) if each.verdict in may_go]
        for each in going if not dry_run else ():
            pipeline.landing.remove(each.stored.prefix)
            pipeline.progress(f"removed {each.stored.prefix}: {each.verdict}")
        counts |= {
            "loads": len(going),
            "bytes": sum(each.stored.bytes for each in going),
            "dry_run": dry_run,
        }
    return going
