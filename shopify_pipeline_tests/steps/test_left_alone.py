"""A shop that refused us is left alone by every process: for an hour when it blocked us, until a person acts when it
took our access away."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from shopify_pipeline import cli
from shopify_pipeline.clock import SimulatedClock
from shopify_pipeline.errors import BlockedError, ShopAccessLostError, ShopLeftAloneError
from shopify_pipeline.local.stack import toml
from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.shopify.access import least_privilege
from shopify_pipeline.steps.changes import reason_to_sync
from shopify_pipeline.steps.doctor import Finding, examine
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline.warehouse.connect import connect
from shopify_pipeline.warehouse.left_alone import Reason
from shopify_pipeline_tests.shopify.sandboxed import SHOP, SandboxShop, sandbox_shop
from shopify_pipeline_tests.steps.shops import pipeline_of, shop_settings

BEGIN = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
BY_HAND: set[Reason] = {"access lost"}


@dataclass
class Watched:
    """A shop that has been read, and everybody who may want something of it."""

    store: SandboxShop
    home: Path
    dsn: str
    said: list[str]

    def pipeline(self, at: datetime = BEGIN, *, despite: Collection[Reason] = (), **settings: str) -> Pipeline:
        """A process of its own, at an instant."""
        shop = shop_settings(self.store, **settings)
        clock = SimulatedClock(at)
        return pipeline_of(self.home, self.dsn, shop, clock=clock, progress=self.said.append, despite=despite)

    def command(self, *arguments: str) -> Result:
        """A command typed by hand, now."""
        settings = {"home": self.home, "warehouse": {"dsn": self.dsn}, "shops": {"one": shop_settings(self.store)}}
        (self.home / "config.toml").write_text(toml(settings))
        return CliRunner().invoke(cli.app, [*arguments, "--config", str(self.home / "config.toml")])

    def doctor(self, at: datetime = BEGIN) -> Finding:
        """What the doctor finds of the shop."""
        findings = examine(self.pipeline(at, despite=BY_HAND))
        return next(each for each in findings if each.what == "shop")

    def block(self) -> None:
        fault = {"kind": "status", "status": 430}
        self.store.sandbox.faults.plant({"answers": [fault]}, self.store.sandbox.gid_of)

    def asked(self) -> int:
        """How many requests of any kind the shop has had."""
        return len(self.store.sandbox.requests.read())


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxShop]:
    with sandbox_shop(tmp_path_factory.mktemp("store"), orders=5) as running:
        running.sandbox.tokens.set_scopes(least_privilege())
        yield running


@pytest.fixture
def watched(store: SandboxShop, tmp_path: Path, warehouse_dsn: str) -> Iterator[Watched]:
    yield Watched(store, tmp_path, warehouse_dsn, [])
    store.sandbox.faults.clear()
    store.sandbox.tokens.install()


@pytest.fixture
def blocked(watched: Watched) -> Watched:
    """A shop that blocked us at the beginning, once."""
    watched.block()
    with pytest.raises(BlockedError):
        watched.pipeline().extract("customers")
    return watched


@pytest.fixture
def lost(watched: Watched) -> Watched:
    """A shop that took our access away at the beginning."""
    watched.store.sandbox.tokens.uninstall()
    with pytest.raises(ShopAccessLostError):
        watched.pipeline().extract("customers")
    return watched


def nobody_asks(watched: Watched, at: datetime, message: str) -> None:
    """Assert that all that starts by itself refuses with this message and sends not one request."""
    before = watched.asked()
    verbs: list[Callable[[Pipeline], object]] = [
        lambda pipeline: reason_to_sync(pipeline, at),
        lambda pipeline: pipeline.extract("orders"),
        lambda pipeline: pipeline.census(),
        lambda pipeline: pipeline.subscribe(),
    ]
    for verb in verbs:
        with pytest.raises(ShopLeftAloneError, match=message):
            verb(watched.pipeline(at, webhook_uri="https://hooks.example/webhooks"))
    assert watched.asked() == before


def test_a_shop_that_blocked_us_is_asked_nothing_by_any_process_for_an_hour(blocked: Watched) -> None:
    until = "is left alone until 2026-11-23 10:00:00 UTC"
    nobody_asks(blocked, BEGIN + timedelta(seconds=1), until)
    nobody_asks(blocked, BEGIN + timedelta(minutes=59, seconds=59), until)
    after = BEGIN + timedelta(hours=1)
    assert (reason_to_sync(blocked.pipeline(after), after) or "").startswith("never loaded")
    assert blocked.pipeline(after).extract("customers").roots > 0


def test_a_shop_that_blocks_us_again_is_left_alone_for_another_hour(blocked: Watched) -> None:
    blocked.block()
    again = BEGIN + timedelta(hours=2)
    with pytest.raises(BlockedError):
        blocked.pipeline(again).extract("customers")
    nobody_asks(blocked, BEGIN + timedelta(hours=2, minutes=59), "left alone until 2026-11-23 12:00:00 UTC")


def test_a_block_the_sensor_met_counts_as_well(watched: Watched) -> None:
    for stream in STREAMS:
        watched.pipeline().sync(stream)
    watched.block()
    with pytest.raises(BlockedError):
        reason_to_sync(watched.pipeline(), BEGIN)
    nobody_asks(watched, BEGIN + timedelta(minutes=30), "left alone until 2026-11-23 10:00:00 UTC")


def test_a_sync_typed_within_the_hour_says_until_when_and_how_to_go_on_all_the_same(watched: Watched) -> None:
    watched.block()
    watched.command("sync", "--stream", "customers")
    before = watched.asked()
    refused = watched.command("sync", "--stream", "customers")
    assert isinstance(refused.exception, ShopLeftAloneError)
    assert "look at the app's traffic; to go on before that: shopify-pipeline sync --anyway" in str(refused.exception)
    assert watched.asked() == before

    assert watched.command("sync", "--stream", "customers", "--anyway").exit_code == 0
    assert watched.command("sync", "--stream", "customers").exit_code == 0


def test_the_doctor_says_until_when_a_shop_that_blocked_us_is_left_alone_and_does_not_ask_it(
    blocked: Watched,
) -> None:
    before = blocked.asked()
    found = blocked.doctor(BEGIN + timedelta(minutes=10))
    assert found.state == "fail"
    assert f"{SHOP} blocked us at 2026-11-23 09:00:00 UTC and is left alone until 2026-11-23 10:00:00" in found.message
    assert blocked.asked() == before


def test_a_shop_that_took_our_access_away_is_asked_nothing_however_long_ago_that_was(lost: Watched) -> None:
    lost.store.sandbox.tokens.install()
    message = "is left alone since 2026-11-23 09:00:00 UTC: .*install it.*; then run: shopify-pipeline doctor"
    nobody_asks(lost, BEGIN + timedelta(minutes=1), message)
    nobody_asks(lost, BEGIN + timedelta(days=40), message)


def test_a_doctor_who_finds_the_app_installed_again_lets_everybody_go_on(lost: Watched) -> None:
    lost.store.sandbox.tokens.install()
    assert lost.doctor(BEGIN + timedelta(days=2)).state == "ok"
    assert lost.said[-1] == f"{SHOP} answers us again"
    later = BEGIN + timedelta(days=2, seconds=1)
    assert (reason_to_sync(lost.pipeline(later), later) or "").startswith("never loaded")


def test_a_doctor_who_is_refused_too_changes_nothing(lost: Watched) -> None:
    found = lost.doctor(BEGIN + timedelta(days=2))
    assert (found.state, "not installed on this shop" in found.message) == ("fail", True)
    nobody_asks(lost, BEGIN + timedelta(days=3), "is left alone since 2026-11-23 09:00:00 UTC")


def test_a_sync_typed_by_hand_asks_the_shop_and_its_success_lets_everybody_go_on(lost: Watched) -> None:
    assert isinstance(lost.command("sync", "--stream", "customers").exception, ShopAccessLostError)
    lost.store.sandbox.tokens.install()
    assert lost.command("sync", "--stream", "customers").exit_code == 0
    later = datetime.now(UTC)
    assert reason_to_sync(lost.pipeline(later), later) is not None


def test_status_says_that_a_shop_is_left_alone_why_and_until_when(watched: Watched) -> None:
    def told() -> list[dict[str, str]]:
        rows: list[dict[str, str]] = json.loads(watched.command("status", "--json").output)["left_alone"]
        return rows

    assert told() == []
    watched.store.sandbox.tokens.uninstall()
    watched.command("sync")
    (row,) = told()
    assert (row["reason"], row["until"]) == ("access lost", None)
    assert "install it" in row["message"]
    assert "access lost" in watched.command("status").output


def test_access_lost_while_subscribing_is_a_failed_stage(watched: Watched) -> None:
    watched.store.sandbox.tokens.uninstall()
    with pytest.raises(ShopAccessLostError):
        watched.pipeline(webhook_uri="https://hooks.example/webhooks").subscribe()
    with connect(watched.dsn) as conn:
        rows = conn.execute("select stage, outcome from ops.stages order by stage").fetchall()
    assert rows == [("access", "failed"), ("subscribe", "failed")]


def test_a_refusal_that_cannot_be_written_down_is_told_all_the_same(watched: Watched) -> None:
    watched.block()
    watched.dsn = "postgresql://nobody:nothing@127.0.0.1:1/none"
    found = watched.doctor()
    assert "HTTP 430" in found.message
    assert any("that it refused us is not written down: PostgreSQL does not answer" in line for line in watched.said)
