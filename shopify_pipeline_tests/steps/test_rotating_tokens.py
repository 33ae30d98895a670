"""A rotating refresh token in the warehouse: one refresh however many ask, and none lost with a process that dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from shopify_pipeline.errors import ConfigError, ShopAccessLostError, ShopLeftAloneError, TransientError
from shopify_pipeline.failpoints import KILL_AT, Failpoint
from shopify_pipeline.local.postgres import LocalPostgres
from shopify_pipeline.local.stack import toml
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline.warehouse.connect import connect
from shopify_pipeline.warehouse.tokens import ShopTokens
from shopify_pipeline_tests.shopify.sandboxed import SHOP, SandboxShop, sandbox_shop
from shopify_pipeline_tests.steps.shops import pipeline_of, rotating, token_requests

HOUR = 1
Build = Callable[[], Pipeline]

ASK_ONCE = """
import sys
from pathlib import Path
from shopify_pipeline.config import load_settings
from shopify_pipeline.steps.pipeline import Pipeline
Pipeline(load_settings(Path(sys.argv[1])), sys.argv[2], progress=print).ask_shop()
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxShop]:
    with sandbox_shop(tmp_path_factory.mktemp("store"), orders=5) as running:
        yield running


@pytest.fixture
def settings(tmp_path: Path, store: SandboxShop) -> dict[str, Any]:
    """The shop's settings after a fresh installation of the app."""
    return rotating(tmp_path, store)


@pytest.fixture
def build(tmp_path: Path, warehouse_dsn: str, settings: dict[str, Any]) -> Build:
    return lambda: pipeline_of(tmp_path, warehouse_dsn, settings)


def at_once(*calls: Callable[[], object]) -> None:
    """Run calls in threads that set off together; whatever one raises is raised here."""
    together = threading.Barrier(len(calls))

    def run(call: Callable[[], object]) -> None:
        together.wait(timeout=30)
        call()

    with ThreadPoolExecutor(len(calls)) as pool:
        list(pool.map(run, calls))


def test_two_processes_that_need_a_token_at_once_send_one_token_request(store: SandboxShop, build: Build) -> None:
    before = token_requests(store)
    at_once(build().ask_shop, build().ask_shop)
    assert token_requests(store) - before == 1


def test_two_processes_whose_token_expired_refresh_it_once(store: SandboxShop, build: Build) -> None:
    one, other = build(), build()
    one.ask_shop()
    other.ask_shop()
    before = token_requests(store)
    store.sandbox.clock.advance(hours=HOUR)
    at_once(one.ask_shop, other.ask_shop)
    assert token_requests(store) - before == 1
    build().ask_shop()
    assert token_requests(store) - before == 1


def test_a_process_killed_between_answer_and_storage_loses_nothing(
    store: SandboxShop, build: Build, settings: dict[str, Any], tmp_path: Path, warehouse_dsn: str
) -> None:
    build().ask_shop()
    store.sandbox.clock.advance(hours=HOUR)
    (tmp_path / "config.toml").write_text(
        toml({"home": tmp_path, "warehouse": {"dsn": warehouse_dsn}, "shops": {"one": settings}})
    )
    before = token_requests(store)

    command = [sys.executable, "-c", ASK_ONCE, str(tmp_path / "config.toml"), SHOP]
    environment = os.environ | {KILL_AT: Failpoint.TOKEN_BEFORE_STORE.value}
    killed = subprocess.run(command, env=environment, capture_output=True, check=False)

    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert token_requests(store) - before == 1
    build().ask_shop()
    store.sandbox.clock.advance(hours=HOUR)
    build().ask_shop()
    assert token_requests(store) - before == 3


def test_a_new_pair_is_in_the_warehouse_before_the_shop_sees_its_token(
    store: SandboxShop, build: Build, warehouse_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored_when_used: list[bool] = []
    scopes_of = store.sandbox.tokens.scopes_of

    def looked_up(token: str | None) -> frozenset[str] | None:
        with psycopg.connect(warehouse_dsn) as conn:
            row = conn.execute("select sealed is not null from ops.shop_tokens where shop = %s", [SHOP]).fetchone()
        stored_when_used.append(row == (True,))
        return scopes_of(token)

    monkeypatch.setattr(store.sandbox.tokens, "scopes_of", looked_up)
    build().ask_shop()
    assert stored_when_used == [True]


def test_no_token_can_be_read_in_the_warehouse(build: Build, settings: dict[str, Any], warehouse_dsn: str) -> None:
    build().ask_shop()
    with psycopg.connect(warehouse_dsn) as conn:
        (row,) = conn.execute("select sealed, stored_at is not null from ops.shop_tokens").fetchall()
    sealed, is_dated = row
    assert is_dated
    assert b"shpca_" not in sealed
    assert b"shprt_" not in sealed


def test_an_uninstalled_app_is_told_to_be_installed_again_and_goes_on_when_a_person_has_looked(
    store: SandboxShop, build: Build, settings: dict[str, Any], tmp_path: Path, warehouse_dsn: str
) -> None:
    build().ask_shop()
    store.sandbox.tokens.uninstall()
    with pytest.raises(ShopAccessLostError, match="install the app again and put its new refresh token"):
        build().ask_shop()
    settings["refresh_token_file"].write_text(store.sandbox.tokens.install()["refresh_token"])
    with pytest.raises(ShopLeftAloneError, match=r"install the app again .*; then run: shopify-pipeline doctor"):
        build().ask_shop()
    assert pipeline_of(tmp_path, warehouse_dsn, settings, despite={"access lost"}).ask_shop().myshopify_domain == SHOP
    assert build().ask_shop().myshopify_domain == SHOP


def test_a_database_that_was_not_migrated_is_told_to_be(
    postgres: LocalPostgres, tmp_path: Path, settings: dict[str, Any]
) -> None:
    with psycopg.connect(postgres.dsn("postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("create database {}").format(sql.Identifier("never_migrated")))
        try:
            with pytest.raises(ConfigError, match="run shopify-pipeline migrate"):
                pipeline_of(tmp_path, postgres.dsn("never_migrated"), settings).ask_shop()
        finally:
            admin.execute("drop database never_migrated with (force)")


def test_a_row_is_let_go_when_its_holder_fails(warehouse_dsn: str) -> None:
    def failing() -> None:
        with ShopTokens(lambda: connect(warehouse_dsn), SHOP).held():
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    with ShopTokens(lambda: connect(warehouse_dsn), SHOP).held() as held:
        assert held.sealed is None


def test_a_warehouse_that_dies_before_the_pair_is_stored_makes_the_refresh_a_passing_failure(
    warehouse_dsn: str,
) -> None:
    def store_after_the_connection_died() -> None:
        with connect(warehouse_dsn) as conn, ShopTokens(lambda: conn, SHOP).held() as held:
            with psycopg.connect(warehouse_dsn, autocommit=True) as admin:
                admin.execute("select pg_terminate_backend(%s)", [conn.info.backend_pid])
            held.store(b"sealed", datetime.now(UTC))

    with pytest.raises(TransientError, match="did not keep the renewed token; it is not used"):
        store_after_the_connection_died()
    with ShopTokens(lambda: connect(warehouse_dsn), SHOP).held() as later:
        assert later.sealed is None
