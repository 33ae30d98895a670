"""A shop that changed is noticed by a hint or by its newest stamp; one that did not is left alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from shopify_pipeline import local
from shopify_pipeline.backoffice import pauses
from shopify_pipeline.backoffice.pauses import Pause
from shopify_pipeline.clock import SystemClock
from shopify_pipeline.config import Settings
from shopify_pipeline.config_sections import BackofficeSettings
from shopify_pipeline.errors import TransientError
from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.shopify.access import least_privilege, optional
from shopify_pipeline.steps.changes import reason_to_sync
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline.warehouse.inbox import Hint, PostgresInbox
from shopify_pipeline.warehouse.loads import hold_for_reading
from shopify_pipeline_tests.shopify.sandboxed import SHOP, SandboxShop, sandbox_shop
from shopify_pipeline_tests.steps.shops import shop_settings


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

    def marked(self) -> set[str]:
        """Resources of which something is in the dirty set."""
        with self.pipeline().connect() as conn:
            return {row[0] for row in conn.execute("select distinct resource from ops.dirty").fetchall()}

    def hint(self, topic: str) -> None:
        with PostgresInbox(self.settings.warehouse.dsn.get_secret_value()) as inbox:
            inbox.store([Hint(SHOP, f"hook-{topic}", None, topic, "2026-10", None, datetime.now(UTC), b"{}")])


@pytest.fixture
def watched(tmp_path: Path, warehouse_dsn: str) -> Iterator[Watched]:
    with sandbox_shop(tmp_path / "store", orders=12) as store:
        yield Watched(store, settings_of(tmp_path, warehouse_dsn, store))


def settings_of(home: Path, dsn: str, store: SandboxShop) -> Settings:
    return Settings(home=home, warehouse={"dsn": dsn}, shops={"sandbox": shop_settings(store)})


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


@pytest.fixture
def pushing(watched: Watched, tmp_path: Path) -> Watched:
    """The same with a journal as its back office, before the first push."""
    watched.read_everything()
    kept = watched.settings.shops["sandbox"].model_copy(
        update={"go_live_on": date(2026, 11, 17), "value_map": Path(local.__path__[0], "value_map.toml")}
    )
    watched.settings = watched.settings.model_copy(
        update={
            "backoffice": BackofficeSettings(adapter="journal", options={"currency": "USD"}),
            "shops": {"sandbox": kept},
        }
    )
    return watched


def test_after_a_sync_and_a_push_there_is_no_reason_whatever_was_read(pushing: Watched) -> None:
    assert {"orders", "fulfillment_orders", "tender_transactions"} <= pushing.marked()

    pushed = pushing.pipeline().push()

    assert pushed is not None
    assert pushed.rejected == 0
    assert pushing.reason() is None


def test_what_nobody_may_push_is_no_reason(pushing: Watched) -> None:
    kept = pushing.settings.shops["sandbox"].model_copy(update={"push": "off"})
    pushing.settings = pushing.settings.model_copy(update={"shops": {"sandbox": kept}})

    assert "orders" in pushing.marked()
    assert pushing.reason() is None


def test_while_the_back_office_is_left_alone_what_is_owed_is_no_reason(pushing: Watched) -> None:
    now = datetime.now(UTC)
    with pushing.pipeline().connect() as conn:
        pauses.begin(conn, SHOP, Pause(now, now + timedelta(minutes=5), "it does not answer"))
        conn.commit()

    assert pushing.reason(now=now) is None
    assert pushing.reason(now=now + timedelta(minutes=5)) == "changes are still owed to the back office"


def test_hints_are_closed_while_streams_that_are_read_whole_rest(tmp_path: Path, warehouse_dsn: str) -> None:
    with sandbox_shop(tmp_path / "store", orders=12, mix="full") as store:
        store.sandbox.tokens.set_scopes([*least_privilege(), *optional()])
        watched = Watched(store, settings_of(tmp_path, warehouse_dsn, store))
        watched.read_everything()
        watched.hint("orders/updated")

        for stream in STREAMS:
            if watched.pipeline().rests_until(stream) is None:
                watched.pipeline().sync(stream)

        assert watched.pipeline().rests_until("gift_cards") is not None
        assert watched.pipeline().handle_hints() == 1
        assert watched.reason(watermark=False) is None


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
