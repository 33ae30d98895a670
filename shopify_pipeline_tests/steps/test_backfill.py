"""A long history is loaded slice by slice, newest first, and increments never wait for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shopify_pipeline.errors import TransientError
from shopify_pipeline.steps import extract as extracting
from shopify_pipeline.steps.changes import reason_to_sync
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline.warehouse.loads import Loads
from shopify_pipeline_tests.shopify.sandboxed import SHOP, SandboxShop, sandbox_shop
from shopify_pipeline_tests.steps.shops import pipeline_of, shop_settings
from shopify_sandbox.world.tender import of_state

STREAM = "tender_transactions"
DAYS = 7


@dataclass
class Growing:
    """A shop of a month's history and a pipeline that reads a week at a time."""

    shop: SandboxShop
    pipeline: Pipeline

    def once(self) -> str:
        """One extraction and its load; what kind it was."""
        landed = self.pipeline.extract(STREAM)
        assert landed is not None
        assert self.pipeline.load(STREAM) is not None
        return landed.mode

    def loaded(self) -> set[int]:
        return {number for (number,) in self.rows("select tender_transaction_id from shopify.tender_transactions")}

    def held(self) -> set[int]:
        return {each.id for each in of_state(self.shop.sandbox.store.state)}

    def backfill_at(self) -> datetime | None:
        with self.pipeline.connect() as conn:
            left = Loads(conn).backfill(SHOP, STREAM)
        return left and left.until

    def rows(self, query: str) -> list[Any]:
        with self.pipeline.connect() as conn:
            return conn.execute(query).fetchall()  # type: ignore[arg-type]

    def slices(self, days: int | None) -> None:
        extract = self.pipeline.settings.extract.model_copy(update={"backfill_days": days})
        self.pipeline.settings = self.pipeline.settings.model_copy(update={"extract": extract})


@pytest.fixture
def growing(tmp_path: Path, warehouse_dsn: str) -> Iterator[Growing]:
    with sandbox_shop(tmp_path / "shop", orders=60) as shop:
        growing = Growing(shop, pipeline_of(tmp_path, warehouse_dsn, shop_settings(shop)))
        growing.slices(DAYS)
        yield growing


def test_the_first_load_reads_the_newest_slice_and_the_others_follow_in_turn_with_the_windows(growing: Growing) -> None:
    assert growing.once() == "window"
    assert growing.loaded() < growing.held()
    assert growing.once() == "backfill"
    growing.shop.sandbox.store.advance(new_orders=2)
    assert growing.once() == "window"
    newest = max(growing.held())
    assert newest in growing.loaded()
    assert growing.loaded() < growing.held()
    assert growing.once() == "backfill"


def test_when_the_oldest_is_loaded_everything_is_and_only_windows_follow(growing: Growing) -> None:
    growing.pipeline.sync(STREAM)
    assert growing.loaded() == growing.held()
    assert growing.backfill_at() is None
    assert growing.once() == "window"
    assert growing.once() == "window"
    slices = growing.rows("select count(*) from ops.loads where mode = 'backfill'")
    assert slices[0][0] >= 30 // DAYS - 1


def test_no_slice_holds_more_than_its_days(growing: Growing) -> None:
    growing.pipeline.sync(STREAM)
    spans = growing.rows(
        "select max(t.processed_at) - min(t.processed_at) from shopify.tender_transactions as t "
        "inner join ops.loads as l on l.load_id = t._load_id where l.mode = 'backfill' group by l.load_id"
    )
    assert max(span for (span,) in spans) <= timedelta(days=DAYS)


def test_a_slice_that_was_interrupted_is_read_again_and_the_next_one_follows_it(
    growing: Growing, monkeypatch: pytest.MonkeyPatch
) -> None:
    growing.once()
    before = growing.backfill_at()
    with monkeypatch.context() as broken:
        broken.setattr(extracting.Reading, "read", _lost)
        with pytest.raises(TransientError):
            growing.pipeline.extract(STREAM)
    assert growing.backfill_at() == before
    assert growing.once() == "backfill"
    assert before is not None
    assert growing.backfill_at() == before - timedelta(days=DAYS)
    growing.pipeline.sync(STREAM)
    assert growing.loaded() == growing.held()


def _lost(*_: object) -> None:
    raise TransientError("the shop does not answer")


def test_a_history_still_to_be_loaded_is_a_reason_to_sync(growing: Growing) -> None:
    for stream in ("products", "inventory", "customers", "orders"):
        with growing.pipeline.connect() as conn:
            conn.execute(
                "insert into ops.loads (shop, stream, mode, window_to, state, landing_prefix, started_at) "
                "values (%s, %s, 'full', now(), 'merged', %s, now())",
                (SHOP, stream, stream),
            )
            conn.execute(
                "insert into ops.cursors (shop, stream, cursor_at, load_id) "
                "select shop, stream, now(), load_id from ops.loads where stream = %s",
                (stream,),
            )
            conn.commit()
    for stream in ("fulfillment_orders", "gift_cards", "store_credit", "payouts"):
        with growing.pipeline.stage(f"extract:{stream}") as counts:
            counts["skipped"] = "not granted"
    growing.once()
    assert reason_to_sync(growing.pipeline, datetime.now(UTC)) == f"older records still to be loaded: {STREAM}"


def test_without_slices_the_first_load_reads_everything(growing: Growing) -> None:
    growing.slices(None)
    assert growing.once() == "full"
    assert growing.loaded() == growing.held()
    assert growing.backfill_at() is None
