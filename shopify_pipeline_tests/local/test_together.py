"""Parts that run together are stopped together, whatever ends them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from shopify_pipeline.errors import ConfigError, PermanentError
from shopify_pipeline.local.processes import Program, listens
from shopify_pipeline.local.together import Running, together

NAMES = ["first", "second", "third"]

# Runs three parts in a process of its own, says so in one JSON line and waits for a signal.
RUNNER = """
import json, os, pathlib, signal, sys
from shopify_pipeline.local.processes import Program
from shopify_pipeline.local.together import together
home = pathlib.Path(sys.argv[1])
# A shell's background job hands these down ignored; what is tested here is a process that heeds them.
signal.signal(signal.SIGINT, signal.default_int_handler)
for number in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)
with together(home, lambda line: None) as running:
    for name in ("first", "second", "third"):
        part = Program(name, ["sleep", "600"], log=home / "log", environment=os.environ, ready=lambda: True)
        running.start(name, part, lambda: part.start(lambda line: None))
    print(json.dumps(running.pids), flush=True)
    signal.pause()
"""


@contextmanager
def a_runner(home: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, psutil.Process]]]:
    runner = subprocess.Popen(
        [sys.executable, "-c", RUNNER, str(home)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert runner.stdout is not None
        pids = json.loads(runner.stdout.readline())
        yield runner, {name: psutil.Process(pid) for name, pid in pids.items()}
    finally:
        runner.terminate()
        runner.communicate()


def alive(processes: dict[str, psutil.Process]) -> list[str]:
    return [name for name, process in processes.items() if process.is_running()]


def start(running: Running, name: str, home: Path, code: str = "import time; time.sleep(600)") -> psutil.Process:
    part = Program(
        name, [sys.executable, "-c", code], log=home / "log", environment=os.environ, ready=lambda: "time" in code
    )
    running.start(name, part, lambda: part.start(lambda line: None))
    return psutil.Process(running.pids[name])


def test_parts_are_stopped_last_one_first(tmp_path: Path) -> None:
    said: list[str] = []
    with together(tmp_path, said.append) as running:
        processes = {name: start(running, name, tmp_path) for name in NAMES}
        assert alive(processes) == NAMES
    assert alive(processes) == []
    assert said == ["stopping third", "stopping second", "stopping first"]


def test_a_failure_inside_the_block_stops_every_part_and_is_not_hidden(tmp_path: Path) -> None:
    started: list[psutil.Process] = []

    def fail() -> None:
        with together(tmp_path, lambda line: None) as running:
            started.append(start(running, "first", tmp_path))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not started[0].is_running()


def test_a_part_that_does_not_start_takes_the_others_down(tmp_path: Path) -> None:
    started: list[psutil.Process] = []

    def fail() -> None:
        with together(tmp_path, lambda line: None) as running:
            started.append(start(running, "first", tmp_path))
            start(running, "second", tmp_path, code="raise SystemExit('no such module')")

    with pytest.raises(PermanentError, match=r"^second ended with code 1 while starting; .*: no such module$"):
        fail()
    assert not started[0].is_running()


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, -signal.SIGINT)],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_signal_stops_every_part(tmp_path: Path, number: signal.Signals, code: int) -> None:
    with a_runner(tmp_path) as (runner, processes):
        assert alive(processes) == NAMES
        runner.send_signal(number)
        assert runner.wait(timeout=60) == code
        assert alive(processes) == []


def test_signal_handlers_are_as_before_afterwards(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with together(tmp_path, lambda line: None):
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before


def test_what_a_killed_one_left_running_is_stopped_by_the_next(tmp_path: Path) -> None:
    said: list[str] = []
    with a_runner(tmp_path) as (runner, processes):
        runner.kill()
        runner.wait()
        assert alive(processes) == NAMES
        with together(tmp_path, said.append) as running:
            running.stop_leftovers()
            assert alive(processes) == []
    assert said == [f"stopping {name}, left by a stack that was killed" for name in reversed(NAMES)]


def test_a_process_that_got_the_pid_of_a_left_one_is_left_alone(tmp_path: Path) -> None:
    stranger = subprocess.Popen(["sleep", "600"])
    try:
        (tmp_path / "processes.json").write_text(json.dumps({"first": [stranger.pid, 1.0]}))
        with together(tmp_path, lambda line: None) as running:
            running.stop_leftovers()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_second_one_on_the_same_home_is_refused_in_one_line(tmp_path: Path) -> None:
    with a_runner(tmp_path) as (runner, processes):
        with pytest.raises(ConfigError) as caught, together(tmp_path, lambda line: None):
            pass
        assert alive(processes) == NAMES
    assert str(caught.value) == (
        f"a stack already runs on {tmp_path} (process {runner.pid}): stop it, or choose another --home"
    )


def test_an_exported_variable_ends_with_the_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SET_BEFORE", "old")
    monkeypatch.delenv("NOT_SET_BEFORE", raising=False)
    with together(tmp_path, lambda line: None) as running:
        running.export("SET_BEFORE", "new")
        running.export("NOT_SET_BEFORE", "new")
        assert (os.environ["SET_BEFORE"], os.environ["NOT_SET_BEFORE"]) == ("new", "new")
    assert os.environ["SET_BEFORE"] == "old"
    assert "NOT_SET_BEFORE" not in os.environ


def test_a_part_gets_the_port_it_had_last_time(tmp_path: Path) -> None:
    with together(tmp_path, lambda line: None) as running:
        ports = {name: running.port(name) for name in ("receiver", "sandbox")}
        assert not any(listens(port) for port in ports.values())
    with together(tmp_path, lambda line: None) as running:
        assert {name: running.port(name) for name in ("sandbox", "receiver")} == ports
