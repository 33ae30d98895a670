"""Replay from landing: what was landed is merged again, without asking the shop anything.

Here: one load, the loads that withheld roots, or all loads of a shop, each in one transaction. Not here: reading the
shop again (``replay.py``), merging (``load.py``) and what is put aside for it (``warehouse/replaying.py``).
"""

from __future__ import annotations

from dataclasses import dataclass

from shopify_pipeline.errors import ConfigError
from shopify_pipeline.landing import Manifest
from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.steps.load import Loaded
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline.steps.sweep import is_ids, stream_of_ids
from shopify_pipeline.warehouse import replaying
from shopify_pipeline.warehouse.connect import Connection
from shopify_pipeline.warehouse.loads import Loads, Quarantined


@dataclass(frozen=True)
class Rebuilt:
    """What came of merging everything again.

    Attributes:
        differing: Roots that are not what they were; they are owed to the back office again.
        quarantined: Roots withheld afterwards.
    """

    loads: int
    roots: int
    differing: int
    quarantined: int


def replay_load(pipeline: Pipeline, load_id: int) -> Loaded:
    """Merge one landed load again: what is newer in the warehouse stays, and the cursor stays where it is.

    Raises:
        ConfigError: The shop has no merged load of this number, or it is a sweep.
        IncompleteError: It is not whole in the landing zone any more; nothing was changed.
    """
    shop = pipeline.shop.domain
    with pipeline.connect() as conn:
        stream = _stream_of(conn, shop, load_id)
        with pipeline.stage(f"replay:{stream}") as counts, conn.transaction():
            replaying.take_turns(conn, shop, (stream,))
            replaying.keep_reread(conn, shop)
            newest = replaying.newest_complaint(conn)
            before = replaying.take_cursors(conn, shop, (stream,))
            loaded = pipeline.merge(conn, replaying.reopen(conn, shop, load_id))
            after = replaying.take_cursors(conn, shop, (stream,))
            replaying.settle_cursors(conn, shop, before, after if before else {}, ())
            replaying.forget_complaints_since(conn, load_id, newest)
            replaying.put_reread_back(conn)
            counts |= loaded.counts()
    return loaded


def replay_all(pipeline: Pipeline) -> Rebuilt:
    """Rebuild the tables of a shop from the landing zone alone, in one transaction: readers see them before or after.

    What the warehouse does not know of (it was restored, or is new) it learns from the manifests.

    Raises:
        IncompleteError: A part is damaged, or a root would be lost; nothing was changed.
        ConfigError: Nothing is landed.
    """
    shop = pipeline.shop.domain
    landed = sorted(pipeline.landing.manifests(shop), key=_merged_in_order)
    if not landed:
        raise ConfigError(f"nothing of {shop} is landed in {pipeline.landing.place}")
    streams = sorted({*STREAMS, *(manifest.stream for _, manifest in landed)})
    with pipeline.connect() as conn, pipeline.stage("replay:all") as counts:
        with conn.transaction():
            replaying.take_turns(conn, shop, streams)
            before = replaying.take_cursors(conn, shop, streams)
            replaying.keep_reread(conn, shop)
            load_ids, adopted = replaying.adopt(conn, shop, landed)
            replaying.empty_tables(conn, shop)
            received = 0
            for number, load_id in enumerate(load_ids, 1):
                load = Loads(conn).find(load_id)
                pipeline.progress(f"{load.stream}: load {load_id}, {number} of {len(load_ids)}")
                received += pipeline.merge(conn, load).received
                replaying.drop_temporary(conn)
            tombstones = replaying.refuse_losses(conn, shop)
            if tombstones:
                pipeline.progress(f"{tombstones} tombstones are gone: nothing of them is landed any more")
            differing = replaying.settle_dirty(conn, shop, pipeline.clock.now())
            after = replaying.take_cursors(conn, shop, streams)
            replaying.settle_cursors(conn, shop, before, after, adopted)
            replaying.put_reread_back(conn)
        quarantined = len(_withheld_roots(Loads(conn).open_quarantine(shop)))
        rebuilt = Rebuilt(len(load_ids), received, differing, quarantined)
        counts |= {"loads": rebuilt.loads, "roots": received, "differing": differing, "quarantined": quarantined}
    return rebuilt


def replay_quarantined(pipeline: Pipeline) -> dict[str, int]:
    """Merge every load again that withheld a root: after a correction of ours what was landed is enough.

    Returns:
        ``replayed`` roots that were withheld, ``released`` of them loaded, ``remaining`` still withheld.
    """
    withheld = _withheld(pipeline)
    for load_id in sorted({one.load_id for one in withheld}):
        replay_load(pipeline, load_id)
    before, after = _withheld_roots(withheld), _withheld_roots(_withheld(pipeline))
    return {"replayed": len(before), "released": len(before - after), "remaining": len(after)}


def _stream_of(conn: Connection, shop: str, load_id: int) -> str:
    load = Loads(conn).find(load_id)
    if load.shop != shop:
        raise ConfigError(f"load {load_id} is of {load.shop}, not of {shop}")
    if is_ids(load.stream):
        raise ConfigError(
            f"load {load_id} is a sweep, which says what the shop had then and is not to be acted on later: "
            f"shopify-pipeline sweep {stream_of_ids(load.stream)} asks anew"
        )
    return load.stream


def _merged_in_order(landed: tuple[str, Manifest]) -> tuple[object, int]:
    """Loads are merged as soon as they are landed; one that was begun earlier may have been landed later."""
    return landed[1].landed_at, landed[1].load_id


def _withheld(pipeline: Pipeline) -> list[Quarantined]:
    with pipeline.connect() as conn:
        return Loads(conn).open_quarantine(pipeline.shop.domain)


def _withheld_roots(withheld: list[Quarantined]) -> set[tuple[str, str, str]]:
    return {(one.stream, one.root_type, one.root_id) for one in withheld}
