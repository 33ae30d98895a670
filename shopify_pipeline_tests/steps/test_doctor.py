"""The doctor: everything a sync needs is looked at, each finding says what to do, and only a failure fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from shopify_pipeline import cli
from shopify_pipeline.local.stack import toml
from shopify_pipeline.shopify.access import least_privilege
from shopify_pipeline.steps.doctor import Finding, examine
from shopify_pipeline_tests.shopify.sandboxed import SandboxShop, sandbox_shop
from shopify_pipeline_tests.steps.shops import pipeline_of, rotating, shop_settings

FINE = Finding("shop", "ok", "fine")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxShop]:
    with sandbox_shop(tmp_path_factory.mktemp("store"), orders=5) as running:
        running.sandbox.tokens.set_scopes(least_privilege())
        yield running


@pytest.fixture
def scopes(store: SandboxShop) -> Iterator[set[str]]:
    """The scopes needed, to be changed and set; afterwards the app has them again."""
    yield set(least_privilege())
    store.sandbox.tokens.set_scopes(least_privilege())


def found(home: Path, dsn: str, settings: dict[str, Any]) -> dict[str, Finding]:
    return {each.what: each for each in examine(pipeline_of(home, dsn, settings, despite={"access lost"}))}


def doctor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, findings: list[Finding], *arguments: str) -> Result:
    """Run the command on findings of the test's own."""
    shop = {"domain": "a-shop.myshopify.com", "client_id": "id", "client_secret": "secret"}
    (tmp_path / "config.toml").write_text(toml({"warehouse": {"dsn": "postgresql://"}, "shops": {"one": shop}}))
    monkeypatch.setattr(cli, "examine", lambda pipeline: findings)
    return CliRunner().invoke(cli.app, ["doctor", "--config", str(tmp_path / "config.toml"), *arguments])


def test_exactly_the_scopes_that_are_needed_are_fine(store: SandboxShop, tmp_path: Path, warehouse_dsn: str) -> None:
    findings = found(tmp_path, warehouse_dsn, shop_settings(store))
    assert [findings[what].state for what in ("warehouse", "token", "shop")] == ["ok", "ok", "ok"]


def test_a_scope_more_than_needed_is_a_warning_that_names_it(
    store: SandboxShop, tmp_path: Path, warehouse_dsn: str, scopes: set[str]
) -> None:
    store.sandbox.tokens.set_scopes([*scopes, "read_users"])
    shop = found(tmp_path, warehouse_dsn, shop_settings(store))["shop"]
    assert (shop.state, shop.message.rpartition(": ")[2]) == ("warn", "read_users")


@pytest.mark.parametrize(
    ("lacking", "named"),
    [
        ("read_all_orders", "lacks the scopes read_all_orders:"),
        ("read_customers", "lacks the scopes read_customers:"),
        ("read_returns", "lacks the scopes read_returns:"),
    ],
)
def test_a_scope_that_is_missing_is_a_failure_that_names_it(
    lacking: str, named: str, store: SandboxShop, tmp_path: Path, warehouse_dsn: str, scopes: set[str]
) -> None:
    store.sandbox.tokens.set_scopes(sorted(scopes - {lacking}))
    shop = found(tmp_path, warehouse_dsn, shop_settings(store))["shop"]
    assert shop.state == "fail"
    assert named in shop.message
    assert "grant them" in shop.message


def test_a_rotating_token_is_fine_once_the_warehouse_is(store: SandboxShop, tmp_path: Path, warehouse_dsn: str) -> None:
    findings = found(tmp_path, warehouse_dsn, rotating(tmp_path, store))
    assert (findings["token"].state, findings["shop"].state) == ("ok", "ok")


def test_a_failure_of_one_does_not_hide_the_others(store: SandboxShop, tmp_path: Path) -> None:
    findings = found(tmp_path, "postgresql://nobody:nothing@127.0.0.1:1/none", shop_settings(store))
    assert findings["warehouse"].state == "fail"
    assert findings["shop"].state == "ok"
    assert findings["value map"].state == "fail"


def test_a_failure_exits_3_and_a_warning_0(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    warned, failed = replace(FINE, state="warn"), replace(FINE, state="fail")
    assert doctor(monkeypatch, tmp_path, [FINE]).exit_code == 0
    assert doctor(monkeypatch, tmp_path, [FINE, warned]).exit_code == 0
    assert doctor(monkeypatch, tmp_path, [FINE, warned, failed]).exit_code == 3


def test_each_finding_is_a_line_that_begins_with_its_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    findings = [FINE, Finding("token", "warn", "look"), Finding("warehouse", "fail", "act")]
    shown = doctor(monkeypatch, tmp_path, findings).output.splitlines()
    assert shown == ["ok    shop: fine", "warn  token: look", "FAIL  warehouse: act"]


def test_findings_are_told_to_programs_with_their_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told = json.loads(doctor(monkeypatch, tmp_path, [Finding("token", "warn", "look")], "--json").output)
    assert told == [{"what": "token", "state": "warn", "message": "look"}]
