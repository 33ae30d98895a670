"""The whole stack: everything it starts is stopped, whatever ends it."""

from __future__ import annotations

import base64
import hmac
import json
import os
import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from shopify_pipeline.config import CONFIG_VARIABLE, load_settings
from shopify_pipeline.config_sections import ShopSettings
from shopify_pipeline.errors import ConfigError
from shopify_pipeline.local.stack import Stack, StackOptions, stack, toml
from shopify_pipeline.steps.doctor import examine
from shopify_pipeline.steps.pipeline import Pipeline

JSON = {"Content-Type": "application/json"}
PARTS = ["PostgreSQL", "sandbox", "Tryton", "webhook receiver"]

# Runs a stack in a process of its own, says so in one JSON line and waits for a signal.
RUNNER = """
import json, pathlib, signal, sys
from shopify_pipeline.local.stack import StackOptions, stack
with stack(StackOptions(pathlib.Path(sys.argv[1]), orders=5), lambda line: None) as running:
    print(json.dumps(dict(running.pids)), flush=True)
    signal.pause()
"""


def options(home: Path, **changed: Any) -> StackOptions:
    return StackOptions(home=home / "home", orders=5, **changed)


@contextmanager
def started(home: Path, **changed: Any) -> Iterator[Stack]:
    with stack(options(home, **changed), lambda line: None) as running:
        yield running


@contextmanager
def a_runner(home: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, psutil.Process]]]:
    """A stack in another process, and what it started."""
    runner = subprocess.Popen(
        [sys.executable, "-c", RUNNER, str(home / "home")], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert runner.stdout is not None
        pids = json.loads(runner.stdout.readline())
        yield runner, {name: psutil.Process(pid) for name, pid in pids.items()}
    finally:
        runner.terminate()
        runner.communicate()


def everything_below(home: Path) -> list[str]:
    """Command lines of processes that work on a home."""
    found = []
    for process in psutil.process_iter(["pid", "cmdline"]):
        if process.pid != os.getpid() and any(str(home) in word for word in process.info["cmdline"] or []):
            found.append(" ".join(process.info["cmdline"]))
    return found


def test_every_part_answers_inside_the_block_none_is_left_after_it_and_a_second_start_is_the_same_stack(
    open_folder: Path,
) -> None:
    with started(open_folder) as running:
        assert list(running.pids) == PARTS
        first = load_settings()
        shop = first.shop(running.sandbox.shop)
        with psycopg.connect(first.warehouse.dsn.get_secret_value()) as connection:
            assert connection.execute("select count(*) from ops.loads").fetchone() == (0,)
        assert requests.get(f"{running.tryton_url}/", timeout=10).status_code < 500
        assert shop.webhook_uri == running.webhook_url
        signed = {"X-Shopify-Shop-Domain": shop.domain, "X-Shopify-Hmac-Sha256": signature(shop, b"{}")}
        for headers, status in [({}, 401), (signed, 400)]:
            # 400: the signature is right and the delivery's id is missing, so the receiver knows the store's secret.
            assert (
                requests.post(running.webhook_url or "", data=b"{}", headers=JSON | headers, timeout=10).status_code
                == status
            )
        assert running.truth()["tables"]["orders"]["count"] == 5
        found = examine(Pipeline(first, shop.domain, progress=lambda line: None))
        assert {each.what: each.state for each in found} == dict.fromkeys((each.what for each in found), "ok")
        assert running.settings_path.stat().st_mode & 0o777 == 0o600
    assert everything_below(open_folder) == []
    assert CONFIG_VARIABLE not in os.environ
    assert shop.go_live_on == date(2026, 11, 17)

    with started(open_folder, go_live_days=30, webhooks=False, watermark=False) as running:
        assert list(running.pids) == PARTS[:-1]
        assert running.webhook_url is None
        assert load_settings().shop(shop.domain) == shop.model_copy(update={"webhook_uri": None})
        assert load_settings().warehouse == first.warehouse
        assert (load_settings().triggers.inbox, load_settings().triggers.watermark) == (False, False)


def signature(shop: ShopSettings, body: bytes) -> str:
    secret = shop.secret()
    assert secret is not None
    return base64.b64encode(hmac.new(secret.get_secret_value().encode(), body, "sha256").digest()).decode()


def test_a_killed_stack_is_cleared_away_by_the_next_which_ends_on_sigterm(open_folder: Path) -> None:
    with a_runner(open_folder) as (first, left):
        first.kill()
        first.wait()
        assert all(process.is_running() for process in left.values())
        with a_runner(open_folder) as (second, processes):
            # PostgreSQL is taken over: its data needs no new start.
            assert [name for name, process in left.items() if process.is_running()] == ["PostgreSQL"]
            assert list(processes) == PARTS
            second.send_signal(signal.SIGTERM)
            assert second.wait() == 128 + signal.SIGTERM
    assert everything_below(open_folder) == []


def test_a_taken_ui_port_is_named_before_anything_is_started(open_folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(
            ConfigError, match=f"^port {port} is taken: choose another with --ui-port, or leave it out$"
        ):
            started(open_folder, ui=True, ui_port=port).__enter__()
    assert not (open_folder / "home" / "postgres").exists()


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x7f")))
def test_any_text_survives_the_settings_file(text: str) -> None:
    values = {"home": text, "on": date(2026, 11, 17), "yes": True, "no": False, "shops": {"sandbox": {"domain": text}}}
    assert tomllib.loads(toml(values)) == values
