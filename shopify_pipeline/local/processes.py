"""One child process: started in a session of its own, waited for, stopped by its pid.

Here: what every part of the local stack shares.
Not here: what the parts are (a module each) and their order (``stack.py``).
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil
import requests

from shopify_pipeline.errors import PermanentError

POLL_SECONDS = 0.05
STOP_SECONDS = 20.0
PROBE_SECONDS = 5.0
LOG_TAIL_LINES = 3
# psutil derives a start time from the boot time; the two are rounded apart by a few hundredths.
STARTED_AT_SLACK_SECONDS = 2.0


class Program:
    """A part of the stack that is one program: started, awaited, stopped.

    Args:
        name: What progress and errors call it.
        arguments: The program and its arguments.
        log: File that gets everything it prints.
        environment: Its whole environment.
        ready: Says whether it answers; asked until it does.
        timeout_seconds: How long that may take.
    """

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str],
        ready: Callable[[], bool],
        timeout_seconds: float = 120.0,
    ) -> None:
        self._name = name
        self._arguments = arguments
        self._log = log
        self._environment = environment
        self._ready = ready
        self._timeout_seconds = timeout_seconds
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self, progress: Callable[[str], None]) -> None:
        """Start it and wait until it answers.

        Raises:
            PermanentError: It ended or did not answer; it is not running then.
        """
        progress(f"starting {self._name}")
        self._process = start_process(self._arguments, log=self._log, environment=self._environment)
        await_ready(self._process, self._ready, name=self._name, log=self._log, timeout_seconds=self._timeout_seconds)

    def stop(self) -> None:
        """Stop it and everything it started; nothing happens when it does not run."""
        if self._process is not None:
            stop_group(self._process.pid)
            self._process.wait()
            self._process = None


def start_process(
    arguments: Sequence[str],
    *,
    log: Path,
    secret_output: bool = False,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
    user: tuple[int, int] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, so that Ctrl-C in the terminal reaches only us and we stop it in order.

    Args:
        arguments: The program and its arguments.
        log: File that gets everything it prints, appended.
        secret_output: Its standard output holds secrets and goes nowhere; the log gets what it says to people.
        environment: The whole environment; None: ours.
        directory: Working directory; None: ours.
        user: (uid, gid) to run as, without supplementary groups; None: ours.

    Raises:
        PermanentError: The program is missing or cannot run on this machine.
    """
    uid, gid = user if user is not None else (None, None)
    with log.open("ab") as output:
        try:
            return subprocess.Popen(
                list(arguments),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL if secret_output else output,
                stderr=output,
                env=dict(environment) if environment is not None else None,
                cwd=directory,
                start_new_session=True,
                user=uid,
                group=gid,
                extra_groups=None if user is None else [],
            )
        except OSError as exc:
            raise PermanentError(f"cannot run {arguments[0]}: {exc.strerror}") from exc


def await_ready(
    process: subprocess.Popen[bytes], ready: Callable[[], bool], *, name: str, log: Path, timeout_seconds: float
) -> None:
    """Wait until a started process answers; when it does not, or we are interrupted, it is stopped.

    Raises:
        PermanentError: It ended, or did not answer in time; the message ends with the last lines of its log.
    """
    deadline = time.monotonic() + timeout_seconds
    try:
        while not ready():
            code = process.poll()
            if code is not None:
                raise PermanentError(f"{name} ended with code {code} while starting; {log}: {log_tail(log)}")
            if time.monotonic() > deadline:
                raise PermanentError(f"{name} did not answer within {timeout_seconds:.0f} s; {log}: {log_tail(log)}")
            time.sleep(POLL_SECONDS)
    except BaseException:
        # An interruption, too: nobody else knows of the process yet, so nobody else would stop it.
        stop_group(process.pid)
        process.wait()
        raise


def log_tail(log: Path) -> str:
    """The last lines of a log file in one line, for an error message."""
    try:
        lines = log.read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return "(empty)"
    return " | ".join(line.strip() for line in lines[-LOG_TAIL_LINES:] if line.strip()) or "(empty)"


def started_at(pid: int) -> float | None:
    """When the process with this pid started, in seconds since the epoch; None when there is none (or a zombie)."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else float(process.create_time())
    except psutil.NoSuchProcess:
        return None


def is_same_process(pid: int, since: float) -> bool:
    """Whether the pid still belongs to the process that started then, and has not been given to another."""
    found = started_at(pid)
    return found is not None and abs(found - since) < STARTED_AT_SLACK_SECONDS


def stop_group(
    pid: int, *, with_signal: signal.Signals = signal.SIGTERM, timeout_seconds: float = STOP_SECONDS
) -> None:
    """Ask a session leader to end, wait, and end by force whatever is left of its session.

    Nothing happens when it is gone already. Children that ignore the signal or outlive their parent are killed with it.
    """
    members = _session(pid)
    with suppress(ProcessLookupError):
        os.kill(pid, with_signal)
    _wait_gone([member for member in members if member.pid == pid], timeout_seconds)
    left = {member.pid: member for member in [*members, *_session(pid)] if member.is_running()}
    for member in left.values():
        with suppress(psutil.NoSuchProcess):
            member.kill()
    _wait_gone(list(left.values()), timeout_seconds)


def _session(pid: int) -> list[psutil.Process]:
    """Every living process of the session this pid leads."""
    found = []
    for process in psutil.process_iter():
        with suppress(ProcessLookupError, PermissionError):
            if os.getsid(process.pid) == pid:
                found.append(process)
    return found


def _wait_gone(processes: list[psutil.Process], timeout_seconds: float) -> None:
    psutil.wait_procs(processes, timeout=timeout_seconds)


def free_port(preferred: int = 0) -> int:
    """A TCP port of 127.0.0.1 nobody listens on: the preferred one when it is free, else one the system picks."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            # The last owner's closed connections linger for a minute; they are no reason to move.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return int(probe.getsockname()[1])
    raise PermanentError("no free TCP port on 127.0.0.1")


def answers(url: str) -> bool:
    """Whether an HTTP server of this machine answers a GET with success."""
    try:
        with requests.Session() as session:
            session.trust_env = False
            return session.get(url, timeout=PROBE_SECONDS, allow_redirects=False).ok
    except requests.RequestException:
        return False


def listens(port: int) -> bool:
    """Whether anybody accepts connections on a TCP port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(PROBE_SECONDS)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def write_secret(path: Path, secret: str) -> None:
    """Replace a file by one that only its owner may read, from the first byte on."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secret)
