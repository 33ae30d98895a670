"""Child processes: awaited with a reason, stopped to the last descendant."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import psutil
import pytest

from shopify_pipeline.errors import PermanentError
from shopify_pipeline.local.processes import (
    Program,
    free_port,
    is_same_process,
    listens,
    start_process,
    started_at,
    stop_group,
    write_secret,
)

# Starts a child that ignores SIGTERM, writes both pids, and then ignores SIGTERM itself when told to.
STUBBORN = """
import pathlib, signal, subprocess, sys, time
if "stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"],
    stdout=subprocess.PIPE)
child.stdout.readline()
pathlib.Path(sys.argv[1]).write_text(str(child.pid))
time.sleep(600)
"""


def a_program(code: str, folder: Path, *arguments: str, ready: Path | None = None) -> Program:
    return Program(
        "the program",
        [sys.executable, "-c", code, *arguments],
        log=folder / "log",
        environment=os.environ,
        ready=lambda: ready is not None and ready.exists() and bool(ready.read_text()),
        timeout_seconds=1.0,
    )


def start(program: Program) -> Program:
    program.start(lambda line: None)
    return program


def test_stopping_reaches_a_child_that_ignores_the_signal(tmp_path: Path) -> None:
    program = start_slowly(tmp_path)
    child = psutil.Process(int((tmp_path / "child").read_text()))
    program.stop()
    assert program.pid is None
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def start_slowly(folder: Path) -> Program:
    """A program whose child is deaf to SIGTERM; it is ready when the child says so."""
    program = Program(
        "the program",
        [sys.executable, "-c", STUBBORN, str(folder / "child")],
        log=folder / "log",
        environment=os.environ,
        ready=lambda: (folder / "child").exists() and bool((folder / "child").read_text()),
        timeout_seconds=30.0,
    )
    return start(program)


def test_a_process_that_ignores_the_signal_is_ended_by_force(tmp_path: Path) -> None:
    process = start_process([sys.executable, "-c", STUBBORN, str(tmp_path / "child"), "stubborn"], log=tmp_path / "log")
    while not (tmp_path / "child").exists() or not (tmp_path / "child").read_text():
        assert process.poll() is None
    stop_group(process.pid, timeout_seconds=0.2)
    assert started_at(process.pid) is None


def test_a_program_that_ends_while_starting_is_quoted(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match=r"the program ended with code 3 while starting; .*: no such table"):
        start(a_program("print('no such table'); raise SystemExit(3)", tmp_path))


def test_a_program_that_never_answers_is_stopped(tmp_path: Path) -> None:
    program = a_program("import time; print('thinking', flush=True); time.sleep(600)", tmp_path)
    with pytest.raises(PermanentError, match=r"the program did not answer within 1 s"):
        start(program)
    assert program.pid is None


def test_a_program_that_is_missing_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match=r"cannot run /no/such/program: No such file or directory"):
        start_process(["/no/such/program"], log=tmp_path / "log")


def test_a_pid_that_was_given_to_another_process_is_not_the_same_process() -> None:
    since = started_at(os.getpid())
    assert since is not None
    assert is_same_process(os.getpid(), since)
    assert not is_same_process(os.getpid(), since - 60)


def test_a_preferred_port_is_kept_while_it_is_free_and_left_when_it_is_not() -> None:
    port = free_port()
    assert free_port(port) == port
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        assert listens(port)
        assert free_port(port) != port


def test_a_secret_is_readable_by_its_owner_alone_even_when_the_file_was_open_before(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("old")
    path.chmod(0o644)
    write_secret(path, "new")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new", 0o600)
