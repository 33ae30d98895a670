"""The shopify-sandbox command as a person types it."""

import io
import json
import os
import signal
import socket
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
from shopify_sandbox.faults.kinds import CATALOGUE

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
        [*COMMAND, "serve", "--home", str(state), *options],
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
        assert server["client_secret"] == "my-secret"
        token = requests.post(
            f"{server['url']}/admin/oauth/access_token",
            json={"client_id": "my-app", "client_secret": "my-secret", "grant_type": "client_credentials"},
            verify=server["ca_file"],
            timeout=10,
        )
        assert token.status_code == 200
        advanced = run("advance", "--home", state, "--new-orders", "2", "--json")
        assert [event["event"] for event in json.loads(advanced.stdout)].count("order_placed") == 2
        planted = run("faults", "set", "bad_money", "--home", state, "--name", "#1001")
        assert json.loads(planted.stdout)["malformed"][0]["kind"] == "bad_money"
        assert json.loads(run("faults", "clear", "--home", state).stdout)["malformed"] == []
        audit = json.loads(run("truth", "--home", state, "--json").stdout)
        assert audit["tables"]["orders"]["count"] == 12
    assert not (state / "server.json").exists()


def test_stopped_store_is_advanced_on_its_files(state: Path) -> None:
    before = json.loads(run("truth", "--home", state, "--json").stdout)["tables"]["orders"]["count"]
    printed = run("advance", "--home", state, "--new-orders", "1")
    assert (printed.code, "order_placed" in printed.stdout) == (0, True)
    assert json.loads(run("truth", "--home", state, "--json").stdout)["tables"]["orders"]["count"] == before + 1


def test_rows_of_a_table_are_one_json_object_a_line(state: Path) -> None:
    printed = run("truth", "--home", state, "--rows", "orders")
    rows = [json.loads(line) for line in printed.stdout.splitlines()]
    assert len(rows) == json.loads(run("truth", "--home", state, "--json").stdout)["tables"]["orders"]["count"]


def test_the_app_of_a_new_home_follows_from_its_world_and_the_keys_to_it_do_not(tmp_path: Path) -> None:
    told = []
    for name, seed in (("one", "3"), ("other", "3"), ("third", "4")):
        with serving(tmp_path / name, ["--orders", "2", "--days", "2", "--seed", seed]) as server:
            told.append(server)
    one, other, third = told
    assert [one[each] for each in ("client_id", "client_secret")] == [
        other[each] for each in ("client_id", "client_secret")
    ]
    assert one["client_secret"] != third["client_secret"]
    assert one["control_key"] != other["control_key"]
    assert one["token"] != other["token"]


def test_drawn_credentials_are_kept_for_their_owner_only(state: Path) -> None:
    path = state / "credentials.json"
    kept = json.loads(path.read_text())
    assert path.stat().st_mode & 0o777 == 0o600
    with serving(state) as server:
        assert server["client_id"] == kept["client_id"]
        assert server["control_key"] == kept["control_key"]


def test_directory_in_use_is_refused(state: Path) -> None:
    with serving(state):
        second = run("serve", "--home", state)
    assert second.code == 1
    assert second.stderr.strip() == f"error: {state} is in use by another shopify-sandbox process"


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
    refused = run(*arguments, "--home", tmp_path / "missing")
    assert refused.code == code
    assert message in " ".join(refused.stderr.replace("│", " ").split())
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["serve"], "error: Missing option '--home'."),
        (["serv"], "error: No such command 'serv'. Did you mean 'serve'?"),
        (["serve", "--home", "x", "--orders", "many"], "error: Invalid value for '--orders'"),
        (["serve", "--home", "x", "--port", "70000"], "error: Invalid value for '--port'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_is_one_line_and_code_2(arguments: list[str], message: str) -> None:
    refused = run(*arguments)
    assert refused.code == 2
    assert refused.stderr.startswith(message)
    assert len(refused.stderr.splitlines()) == 1


def test_an_unknown_plan_is_refused_before_anything_is_served(state: Path) -> None:
    refused = run("serve", "--home", state, "--plan", "golden")
    assert (refused.code, refused.stderr.splitlines()[-1]) == (
        1,
        "error: unknown plan 'golden'; known: standard, advanced, plus, enterprise",
    )


def test_a_port_that_is_taken_is_named(state: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = run("serve", "--home", state, "--port", str(port))
    assert (refused.code, refused.stderr.splitlines()[-1]) == (
        1,
        f"error: port {port} is taken; choose another, or 0 for any free one",
    )


def test_the_line_holds_a_token_that_works_and_is_the_same_at_the_next_start(state: Path) -> None:
    with serving(state, ["--plan", "plus"]) as first:
        answer = requests.post(
            f"{first['url']}/admin/api/2026-10/graphql.json",
            json={"query": "{ shop { myshopifyDomain } }"},
            headers={"X-Shopify-Access-Token": first["token"]},
            verify=first["ca_file"],
            timeout=10,
        ).json()
        assert answer["data"]["shop"]["myshopifyDomain"] == first["shop"]
        assert answer["extensions"]["cost"]["throttleStatus"]["restoreRate"] == 1000.0
    with serving(state) as second:
        assert second["token"] == first["token"]
    assert (state / "token.json").stat().st_mode & 0o777 == 0o600


def test_a_world_in_the_making_is_told_of_and_can_be_stopped(tmp_path: Path) -> None:
    home = tmp_path / "home"
    process = subprocess.Popen(
        [*COMMAND, "serve", "--home", str(home), "--orders", "20000", "--days", "10"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    said = [process.stderr.readline().strip() for _ in range(2)]
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=WAIT_SECONDS)
    assert said == [
        "making sandbox-usd.myshopify.com: 20000 orders over 10 days, seed 7, usd, plain …",
        "made 1000 of 20000 orders",
    ]
    assert (process.returncode, out) == (0, "")
    assert err.splitlines()[-1] == "stopped before the world was made; nothing was kept"
    assert not (home / "world.json").exists()


def test_a_plan_of_faults_is_planted_from_a_file(state: Path, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"seed": 3, "answers": [{"kind": "reset", "rate": 0.1}], "bulk": [{"kind": "stuck"}]}))
    with serving(state):
        planted = json.loads(run("faults", "plan", "--home", state, str(plan)).stdout)
        assert planted["answers"] == [{"kind": "reset", "rate": 0.1}]
        assert (planted["bulk"], planted["seed"]) == ([{"kind": "stuck"}], 3)
        plan.write_text("{")
        refused = run("faults", "plan", "--home", state, str(plan))
        assert refused.stderr.startswith("error: the plan is not JSON")
        run("faults", "clear", "--home", state)


def test_the_kinds_of_faults_are_listed_with_what_they_stand_for() -> None:
    listed = run("faults", "kinds").stdout.splitlines()
    assert len(listed) == len(CATALOGUE)
    assert any(line.split()[:3] == ["answers", "cut_close", "A6"] for line in listed)
