"""The sandbox store as a part of the stack: adopted when it runs already, and never stopped by who adopted it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from shopify_pipeline.errors import PermanentError
from shopify_pipeline.local import sandbox as module
from shopify_pipeline.local.sandbox import LocalSandbox

SCOPES = ["read_all_orders", "read_orders"]


def a_sandbox(home: Path) -> LocalSandbox:
    return LocalSandbox(home, orders=5, seed=7, scopes=SCOPES)


def scopes_of(sandbox: LocalSandbox) -> list[str]:
    """What the app may do in the store, as the store says with a token."""
    form = {
        "client_id": sandbox.client_id,
        "client_secret": sandbox.secret_file().read_text(),
        "grant_type": "client_credentials",
    }
    answer = requests.post(f"{sandbox.url}/admin/oauth/access_token", json=form, verify=sandbox.ca_file, timeout=10)
    return str(answer.json()["scope"]).split(",")


def test_a_store_that_runs_already_is_used_and_outlives_its_user(tmp_path: Path) -> None:
    said: list[str] = []
    first, second = a_sandbox(tmp_path), a_sandbox(tmp_path)
    first.start(lambda line: None)
    try:
        second.start(said.append)
        assert said == [f"using the sandbox store that runs at {first.url}"]
        assert second.pid == first.pid
        assert scopes_of(first) == SCOPES
        second.stop()
        assert second.now() == datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
        assert second.secret_file().stat().st_mode & 0o777 == 0o600
    finally:
        first.stop()
    assert first.pid is None
    # Truth needs no server: it comes from the event log.
    assert first.truth()["tables"]["orders"]["count"] == 5


def test_a_tick_lets_one_thing_happen(tmp_path: Path) -> None:
    store = a_sandbox(tmp_path)
    store.start(lambda line: None)
    try:
        before = store.now()
        store.tick()
        assert store.now() > before
    finally:
        store.stop()
    with pytest.raises(PermanentError, match="does not answer"):
        store.tick()


def test_making_the_world_is_told_while_it_happens(tmp_path: Path) -> None:
    said: list[str] = []
    sandbox = a_sandbox(tmp_path)
    try:
        sandbox.start(said.append)
        assert said[0] == "starting the sandbox store"
        assert any(line.startswith("sandbox store: making") for line in said)
        assert said[-1] == f"the sandbox store answers at {sandbox.url}"
    finally:
        sandbox.stop()


def test_an_environment_without_the_command_is_one_line_that_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module.sys, "executable", str(tmp_path / "python"))
    with pytest.raises(PermanentError, match=r"shopify-sandbox is not installed beside this Python: install shopify-"):
        a_sandbox(tmp_path / "home").start(lambda line: None)
