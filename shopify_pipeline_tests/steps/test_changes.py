"""A shop that changed is noticed by a hint or by its newest stamp; one that did not is left alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shopify_pipeline.clock import SystemClock
from shopify_pipeline.config import Settings
from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.steps.changes import reason_to_sync
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline.warehouse.inbox import PostgresInbox
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
            inbox.store(
                shop=SHOP,
                webhook_id=f"hook-{topic}",
                event_id=None,
                topic=topic,
                api_version="2026-10",
                triggered_at=None,
                received_at=datetime.now(UTC),
                body=b"{}",
            )


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
    assert watched.reason() == "never loaded: products, inventory, customers, orders"

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

    assert watched.pipeline().handle_hints(datetime.now(UTC) - timedelta(minutes=5)) == 0
    assert watched.reason() == "hints: 1 orders/updated"
    assert watched.pipeline().handle_hints(datetime.now(UTC)) == 1
    assert watched.reason() is None


def test_a_quiet_shop_is_looked_at_every_hour_all_the_same(watched: Watched) -> None:
    watched.read_everything()

    assert watched.reason(now=datetime.now(UTC) + timedelta(minutes=59)) is None
    assert watched.reason(now=datetime.now(UTC) + timedelta(minutes=61)) == "no sync for an hour"
