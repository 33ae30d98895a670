"""Parts that run together: started in order, stopped in the opposite one, whatever ends them.

Here: the lock on a home, signals, what a killed stack left behind, the ports it gave out.
Not here: what the parts are (``stack.py``).
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

from shopify_pipeline.errors import ConfigError, PermanentError
from shopify_pipeline.local.processes import free_port, is_same_process, started_at, stop_group

# Each ends the stack in order, with every part stopped.
ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Progress = Callable[[str], None]


class Part(Protocol):
    """What the stack knows of a part."""

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""

    def stop(self) -> None:
        """Stop it; nothing happens when it does not run."""


@contextmanager
def together(home: Path, progress: Progress) -> Iterator[Running]:
    """Hold a home for the length of a ``with`` block; every part started in it is stopped at the end, last one first.

    Args:
        home: Folder of everything the parts write; created when missing.
        progress: Told each step in one line.

    Raises:
        ConfigError: Another process holds this home; nothing was started.
    """
    home.mkdir(parents=True, exist_ok=True)
    with _interruptible() as ignore_signals, _locked(home), ExitStack() as parts:
        try:
            yield Running(home, parts, progress)
        finally:
            # A second Ctrl-C must not cut the stopping short.
            ignore_signals()


class Running:
    """The parts that run, noted in a file so that a later start finds what a killed one left."""

    def __init__(self, home: Path, parts: ExitStack, progress: Progress) -> None:
        self._noted = home / "processes.json"
        self._ports = home / "ports.json"
        self._parts = parts
        self.progress = progress
        self.pids: dict[str, int] = {}

    def start(self, name: str, part: Part, start: Callable[[], None]) -> None:
        """Start a part, having promised to stop it first: half a start is stopped, too."""
        self._parts.callback(self._stop, name, part)
        start()
        if part.pid is None:
            raise PermanentError(f"{name} ended as soon as it had started")
        self.pids[name] = part.pid
        self._note()

    def stop_leftovers(self) -> None:
        """Stop what a killed stack left running; PostgreSQL is taken over instead, for its data needs no new start."""
        for name, (pid, since) in reversed(_read_json(self._noted).items()):
            if name != "PostgreSQL" and is_same_process(pid, since):
                self.progress(f"stopping {name}, left by a stack that was killed")
                stop_group(pid)

    def port(self, name: str) -> int:
        """The port a part had last time when it is free, else a free one: addresses that were given out stay good."""
        ports = _read_json(self._ports)
        ports[name] = free_port(ports.get(name, 0))
        self._ports.write_text(json.dumps(ports))
        return int(ports[name])

    def export(self, name: str, value: str) -> None:
        """Set an environment variable for as long as the parts run."""
        before = os.environ.get(name)
        os.environ[name] = value
        if before is None:
            self._parts.callback(os.environ.pop, name, None)
        else:
            self._parts.callback(os.environ.__setitem__, name, before)

    def _stop(self, name: str, part: Part) -> None:
        self.progress(f"stopping {name}")
        part.stop()
        self.pids.pop(name, None)
        self._note()

    def _note(self) -> None:
        started = {name: (pid, started_at(pid)) for name, pid in self.pids.items()}
        self._noted.write_text(json.dumps(started))


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    """Hold the home against a second stack; the system lets go of it however we end."""
    with (home / "stack.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            file.seek(0)
            raise ConfigError(
                f"a stack already runs on {home} (process {file.read().strip()}): stop it, or choose another --home"
            ) from exc
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


@contextmanager
def _interruptible() -> Iterator[Callable[[], None]]:
    """Let SIGTERM and SIGHUP unwind the block like Ctrl-C does; yields what makes all three ignored from then on.

    A signal that is ignored already stays so (``nohup``, a background job of a shell).
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    before = {number: signal.getsignal(number) for number in ENDING_SIGNALS}
    heeded = [number for number, handler in before.items() if handler is not signal.SIG_IGN]

    def ignore() -> None:
        for number in heeded:
            signal.signal(number, signal.SIG_IGN)

    def end(number: int, frame: FrameType | None) -> None:
        ignore()
        raise SystemExit(128 + number) if number != signal.SIGINT else KeyboardInterrupt

    for number in heeded:
        signal.signal(number, end)
    try:
        yield ignore
    finally:
        for number in heeded:
            signal.signal(number, before[number])


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return content
