"""The shopify-sandbox command as a person types it."""

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from shopify_sandbox.cli import main

COMMAND = [sys.executable, "-c", "from shopify_sandbox.cli import main; main()"]
SMALL = ["--orders", "10", "--days", "10", "--seed", "3"]
WAIT_SECONDS = 30


@dataclass(frozen=True)
class Ended:
    code: int
    stdout: str
    stderr: str


def run(*arguments: str | Path) -> Ended:
    """Run the command in this process."""
    stdout, stderr = io.StringIO(), io.StringIO()
    with redirect_stdout(stdout), redirect_stderr(stderr), pytest.raises(SystemExit) as ended:
        main([str(each) for each in arguments])
    code = ended.value.code
    assert isinstance(code, int)
    return Ended(code, stdout.getvalue(), stderr.getvalue())


@contextmanager
def serving(state: Path, options: Sequence[str] = SMALL, **environment: str) -> Iterator[dict[str, Any]]:
    process = subprocess.Popen(
        [*COMMAND, "serve", "--state", str(state), *options],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=WAIT_SECONDS) == 0
        process.stdout.close()


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state directory that was served once and stopped."""
    found = tmp_path_factory.mktemp("cli") / "state"
    with serving(found):
        pass
    return found


def test_served_store_says_where_it_is_and_can_be_asked_steered_and_audited(tmp_path: Path) -> None:
    state = tmp_path / "state"
    environment = {"SHOPIFY_SANDBOX_CLIENT_ID": "my-app", "SHOPIFY_SANDBOX_CLIENT_SECRET": "my-secret"}
    with serving(state, **environment) as server:
        assert json.loads((state / "server.json").read_text()) == server
        assert (server["shop"], server["client_id"]) == ("sandbox-usd.myshopify.com", "my-app")
        token = requests.post(
            f"{server['url']}/admin/oauth/access_token",
            json={"client_id": "my-app", "client_secret": "my-secret", "grant_type": "client_credentials"},
            verify=server["ca_file"],
            timeout=10,
        )
        assert token.status_code == 200
        advanced = run("advance", "--state", state, "--new-orders", "2", "--json")
        assert [event["event"] for event in json.loads(advanced.stdout)].count("order_placed") == 2
        planted = run("faults", "set", "bad_money", "--state", state, "--name", "#1001")
        assert json.loads(planted.stdout)["malformed"][0]["kind"] == "bad_money"
        assert json.loads(run("faults", "clear", "--state", state).stdout) == {"malformed": [], "answers": []}
        audit = json.loads(run("truth", "--state", state, "--json").stdout)
        assert audit["tables"]["orders"]["count"] == 12
    assert not (state / "server.json").exists()


def test_stopped_store_is_advanced_on_its_files(state: Path) -> None:
    before = json.loads(run("truth", "--state", state, "--json").stdout)["tables"]["orders"]["count"]
    printed = run("advance", "--state", state, "--new-orders", "1")
    assert (printed.code, "order_placed" in printed.stdout) == (0, True)
    assert json.loads(run("truth", "--state", state, "--json").stdout)["tables"]["orders"]["count"] == before + 1


def test_rows_of_a_table_are_one_json_object_a_line(state: Path) -> None:
    printed = run("truth", "--state", state, "--rows", "orders")
    rows = [json.loads(line) for line in printed.stdout.splitlines()]
    assert len(rows) == json.loads(run("truth", "--state", state, "--json").stdout)["tables"]["orders"]["count"]


def test_drawn_credentials_are_kept_for_their_owner_only(state: Path) -> None:
    path = state / "credentials.json"
    kept = json.loads(path.read_text())
    assert path.stat().st_mode & 0o777 == 0o600
    with serving(state) as server:
        assert server["client_id"] == kept["client_id"]
        assert server["control_key"] == kept["control_key"]


def test_directory_in_use_is_refused(state: Path) -> None:
    with serving(state):
        second = run("serve", "--state", state)
    assert second.code == 1
    assert second.stderr.strip() == f"shopify-sandbox: {state} is in use by another shopify-sandbox process"


def test_living_store_moves_on_by_itself(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with serving(state, [*SMALL, "--live", "0.1"]) as server:
        headers = {"X-Sandbox-Key": server["control_key"]}
        start = (state / "events.jsonl").stat().st_size
        while (state / "events.jsonl").stat().st_size == start:
            status = requests.get(
                f"{server['url']}/__sandbox/status", headers=headers, verify=server["ca_file"], timeout=10
            )
            assert status.status_code == 200


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["advance", "--new-orders", "1"], 1, "holds no store; make one with: shopify-sandbox serve"),
        (["truth"], 1, "cannot be audited"),
        (["faults", "list"], 1, "no server is ready on"),
        (["serve", "--now", "yesterday"], 2, "is not an ISO time"),
        (["serve", "--shop", "nonsense"], 1, "a shop named like name.myshopify.com"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_said_in_one_line(tmp_path: Path, arguments: list[str], code: int, message: str) -> None:
    refused = run(*arguments, "--state", tmp_path / "missing")
    assert refused.code == code
    assert message in " ".join(refused.stderr.replace("│", " ").split())
    assert "Traceback" not in refused.stderr
