"""A shop that changed is noticed by a hint or by its newest stamp; one that did not is left alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from shopify_pipeline.clock import SystemClock
from shopify_pipeline.config import Settings
from shopify_pipeline.errors import TransientError
from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.steps.changes import reason_to_sync
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline.warehouse.inbox import Hint, PostgresInbox
from shopify_pipeline.warehouse.loads import hold_for_reading
from shopify_pipeline_tests.shopify.sandboxed import CREDENTIALS, SHOP, SandboxShop, sandbox_shop


@dataclass
class Watched:
    """A small store and a pipeline that has read all of it."""

    store: SandboxShop
    settings: Settings

    def pipeline(self, **triggers: bool) -> Pipeline:
        changed = self.settings.model_copy(
            update={"triggers": self.settings.triggers.model_copy(update=dict(triggers))}
        )
        return Pipeline(changed, SHOP, progress=lambda line: None, clock=SystemClock())

    def reason(self, *, now: datetime | None = None, **triggers: bool) -> str | None:
        return reason_to_sync(self.pipeline(**triggers), now or datetime.now(UTC))

    def read_everything(self) -> None:
        for stream in STREAMS:
            self.pipeline().extract(stream)
            self.pipeline().load(stream)

    def hint(self, topic: str) -> None:
        with PostgresInbox(self.settings.warehouse.dsn.get_secret_value()) as inbox:
            inbox.store([Hint(SHOP, f"hook-{topic}", None, topic, "2026-10", None, datetime.now(UTC), b"{}")])


@pytest.fixture
def watched(tmp_path: Path, warehouse_dsn: str) -> Iterator[Watched]:
    with sandbox_shop(tmp_path / "store", orders=12) as store:
        yield Watched(
            store,
            Settings(
                home=tmp_path,
                warehouse={"dsn": warehouse_dsn},
                shops={
                    "sandbox": {
                        "domain": SHOP,
                        "endpoint": store.server.url,
                        "ca_file": store.server.tls.ca,
                        "client_id": CREDENTIALS.client_id,
                        "client_secret": CREDENTIALS.client_secret,
                        "time_zone": "America/New_York",
                    }
                },
            ),
        )


def test_a_shop_that_was_never_read_is_read_and_then_left_alone_until_something_changes(watched: Watched) -> None:
    assert watched.reason() == f"never loaded: {', '.join(STREAMS)}"

    watched.read_everything()
    assert watched.reason() is None

    watched.store.sandbox.store.advance(stock_adjust=1)
    assert watched.reason() == "newer in the shop: inventory"

    watched.store.sandbox.store.advance(new_orders=1)
    assert "orders" in (watched.reason() or "")
    assert watched.reason(watermark=False) is None

    watched.read_everything()
    assert watched.reason() is None


def test_a_hint_is_a_reason_until_a_sync_that_began_later_closed_it(watched: Watched) -> None:
    watched.read_everything()
    watched.hint("orders/updated")

    assert watched.reason() == "hints: 1 orders/updated"
    assert watched.reason(inbox=False) is None

    assert watched.pipeline().handle_hints() == 0
    assert watched.reason() == "hints: 1 orders/updated"

    watched.read_everything()
    assert watched.pipeline().handle_hints() == 1
    assert watched.reason() is None


def test_what_is_owed_to_the_back_office_is_a_reason_where_books_are_kept(watched: Watched) -> None:
    watched.read_everything()
    kept = watched.settings.shops["sandbox"].model_copy(update={"go_live_on": date(2026, 11, 17)})
    watched.settings = watched.settings.model_copy(update={"shops": {"sandbox": kept}})

    assert watched.reason() == "changes are still owed to the back office"


def test_a_load_that_cannot_be_merged_is_given_up_and_read_again(watched: Watched) -> None:
    watched.read_everything()
    watched.store.sandbox.store.advance(new_orders=1)
    landed = watched.pipeline().extract("orders")
    [manifest] = [
        path
        for path in (watched.settings.home / "landing" / SHOP / "orders").glob("*/manifest.json")
        if json.loads(path.read_text())["load_id"] == landed.load_id
    ]
    manifest.unlink()

    watched.pipeline().extract("orders")
    loaded = watched.pipeline().load("orders")

    assert loaded is not None
    assert loaded.load_id > landed.load_id
    assert loaded.new_versions == 1


def test_a_rewind_gives_up_what_was_begun_and_the_next_window_begins_there(watched: Watched) -> None:
    watched.read_everything()
    begun = watched.pipeline().extract("customers")
    assert begun.window_from is not None
    earlier = begun.window_from - timedelta(days=2)

    assert watched.pipeline().rewind("customers", earlier)
    again = watched.pipeline().extract("customers")
    loaded = watched.pipeline().load("customers")

    assert again.window_from == earlier - timedelta(seconds=600)
    assert loaded is not None
    assert not loaded.skipped


def test_two_processes_do_not_read_one_stream_at_the_same_time(watched: Watched) -> None:
    with watched.pipeline().connect() as other:
        assert hold_for_reading(other, SHOP, "orders")
        with pytest.raises(TransientError, match="another process is reading orders"):
            watched.pipeline().extract("orders")
    assert watched.pipeline().extract("orders").roots == 12


def test_a_quiet_shop_is_looked_at_every_hour_all_the_same(watched: Watched) -> None:
    watched.read_everything()

    assert watched.reason(now=datetime.now(UTC) + timedelta(minutes=59)) is None
    assert watched.reason(now=datetime.now(UTC) + timedelta(minutes=61)) == "no sync for an hour"
