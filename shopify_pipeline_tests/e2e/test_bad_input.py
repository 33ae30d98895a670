"""Bad input: one line that says what to do, an exit code that is not zero, and nothing left running.

Every case is the real command in a process of its own, as a person at a terminal meets it.
"""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from shopify_pipeline.local.postgres import LocalPostgres
from shopify_pipeline.local.profiles import PROFILES
from shopify_pipeline_tests.e2e.installation import COMMAND_SECONDS, SHOP, bare_environment
from shopify_pipeline_tests.e2e.store import Store

PROGRESS = re.compile(r"\d\d:\d\d:\d\d  ")
MARK = "SHOPIFY_PIPELINE_TESTS_MARK"


@dataclass(frozen=True)
class Terminal:
    """Runs the command and knows its processes again, also those that outlive it."""

    folder: Path
    mark: str

    def fails(self, *arguments: str) -> str:
        """Run a command that must fail; returns the one line it says beside its progress."""
        done = subprocess.run(
            [sys.executable, "-m", "shopify_pipeline.cli", *arguments],
            env=bare_environment() | {MARK: self.mark},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
            cwd=self.folder,
        )
        said = [line for line in done.stderr.splitlines() if not PROGRESS.match(line)]
        assert done.returncode == 1, done
        assert len(said) == 1, done.stderr
        assert said[0].startswith("error: ")
        assert done.stdout == ""
        assert self.left_running() == []
        return said[0]

    def left_running(self) -> list[str]:
        """Command lines of processes that carry the mark or work below the folder."""
        left = []
        for process in psutil.process_iter():
            try:
                command, environment = " ".join(process.cmdline()), process.environ()
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
            if environment.get(MARK) == self.mark or str(self.folder) in command:
                left.append(command)
        return left


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    folder = tmp_path / "folder"
    folder.mkdir()
    return Terminal(folder, uuid.uuid4().hex)


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that is bound and never listens: nobody else can take it meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


Settings = Callable[..., str]


@pytest.fixture
def settings(terminal: Terminal, warehouse_dsn: str, store: Store, closed_port: int) -> Settings:
    """Writes right settings with one thing changed, and returns ``--config=…``."""

    def write(**changed: str) -> str:
        values = {
            "home": terminal.folder,
            "dsn": warehouse_dsn,
            "tryton": f"http://127.0.0.1:{closed_port}",
            "domain": SHOP,
            "credentials": (
                f'client_id = "{store.server.client_id}"\nclient_secret_file = "{store.server.secret_file()}"'
            ),
            "time_zone": "America/New_York",
            "more": "",
        } | changed
        path = terminal.folder / "config.toml"
        path.write_text(
            f"""
            home = "{values["home"]}"
            {values["more"]}
            [warehouse]
            dsn = "{values["dsn"]}"
            [tryton]
            url = "{values["tryton"]}"
            password = "not used"
            [shops.one]
            domain = "{values["domain"]}"
            endpoint = "{store.server.url}"
            ca_file = "{store.server.ca_file}"
            time_zone = "{values["time_zone"]}"
            go_live_on = 2026-11-20
            value_map = "{PROFILES["usd"].value_map}"
            {values["credentials"]}
            """
        )
        return f"--config={path}"

    return write


def test_no_settings_file(terminal: Terminal) -> None:
    assert "make run" in terminal.fails("sync")


def test_a_misspelt_key(terminal: Terminal, settings: Settings) -> None:
    assert "langding_url is not a setting" in terminal.fails("sync", settings(more='langding_url = "file:///tmp"'))


def test_no_token(terminal: Terminal, settings: Settings) -> None:
    assert "client_secret_file" in terminal.fails("sync", settings(credentials=""))


def test_a_client_secret_the_shop_refuses(terminal: Terminal, settings: Settings, store: Store) -> None:
    credentials = f'client_id = "{store.server.client_id}"\nclient_secret = "guessed"'
    said = terminal.fails("sync", settings(credentials=credentials))
    assert "Shopify does not know this client_id with this client secret" in said
    assert "guessed" not in said


def test_a_token_the_shop_refuses(terminal: Terminal, settings: Settings) -> None:
    said = terminal.fails("sync", settings(credentials='access_token = "shpat_guessed"'))
    assert "put a valid one into the settings" in said
    assert "guessed" not in said


def test_a_shop_that_is_not_configured(terminal: Terminal, settings: Settings) -> None:
    said = terminal.fails("sync", "--shop=other.myshopify.com", settings())
    assert f"known: {SHOP}" in said


def test_a_shop_that_answers_under_another_name(terminal: Terminal, settings: Settings) -> None:
    said = terminal.fails("sync", settings(domain="other.myshopify.com"))
    assert SHOP in said
    assert "other.myshopify.com" in said


def test_a_shop_in_another_time_zone(terminal: Terminal, settings: Settings) -> None:
    assert "set its time_zone" in terminal.fails("sync", settings(time_zone="Europe/Vienna"))


def test_an_unreachable_back_office(terminal: Terminal, settings: Settings) -> None:
    assert "cannot reach the back office" in terminal.fails("reconcile", settings())


@pytest.mark.parametrize(
    ("part", "wrong", "advice"),
    [
        ("postgres:", "nobody:", "refuses [warehouse] dsn"),
        ("/warehouse_test", "/no_such", "refuses [warehouse] dsn"),
        ("postgresql://", "sqlite;", "is not a PostgreSQL DSN"),
    ],
    ids=["user", "database", "not a dsn"],
)
def test_a_wrong_dsn(
    terminal: Terminal, settings: Settings, warehouse_dsn: str, part: str, wrong: str, advice: str
) -> None:
    assert part in warehouse_dsn
    assert advice in terminal.fails("sync", settings(dsn=warehouse_dsn.replace(part, wrong)))


def test_a_database_server_that_does_not_run(terminal: Terminal, settings: Settings, closed_port: int) -> None:
    dsn = f"postgresql://postgres:secret-of-mine@127.0.0.1:{closed_port}/warehouse"
    said = terminal.fails("sync", settings(dsn=dsn))
    assert "check [warehouse] dsn" in said
    assert "secret-of-mine" not in said


def test_a_warehouse_that_was_never_migrated(terminal: Terminal, settings: Settings, postgres: LocalPostgres) -> None:
    assert "shopify-pipeline migrate" in terminal.fails("sync", settings(dsn=postgres.dsn("dagster")))


def test_a_port_that_is_taken(terminal: Terminal) -> None:
    home = terminal.folder / "home"
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        port = held.getsockname()[1]
        assert "choose another with --ui-port" in terminal.fails("up", f"--home={home}", f"--ui-port={port}")
    assert not (home / "postgres").exists()
    assert not (home / "sandbox").exists()
