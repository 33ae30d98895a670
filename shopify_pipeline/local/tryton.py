"""Tryton on this machine: a company's template database, built once and cached, and its own server process.

Here: building, copying, configuring, starting and stopping. Not here: talking to it (``backoffice/tryton.py``).
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import secrets
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import distributions
from pathlib import Path

import requests

from shopify_pipeline.errors import PermanentError
from shopify_pipeline.local.processes import await_ready, free_port, start_process, stop_group, write_secret
from shopify_pipeline.local.profiles import PROFILES

DATABASE = "company"
USER = "shopify"
COMPANY, CURRENCY = PROFILES["usd"].company, PROFILES["usd"].currency
# A shop is booked in the first company unless a web shop of its name belongs to another.
OTHERS = tuple(profile for name, profile in PROFILES.items() if name != "usd")
OTHER_COMPANIES = {profile.currency: profile.company for profile in OTHERS}
START_SECONDS = 120.0
PROBE_SECONDS = 5.0
# What the template is made from; a change in any of them is another template.
PLUGIN_SUFFIXES = {".cfg", ".py", ".toml", ".xml"}
SECRETS = {"password": "TRYTON_SHOPIFY_PASSWORD", "admin-password": "TRYTON_SHOPIFY_ADMIN_PASSWORD"}

CONFIGURATION = """\
[database]
uri = {uri}
path = {home}
list = False
[product]
price_decimal = 6
[queue]
worker = False
[web]
listen = 127.0.0.1:{port}
"""
# One line per request with its RPC method; the dispatcher's own lines would show parts of the payload.
LOGGING = """\
[formatters]
keys = line
[handlers]
keys = stream
[loggers]
keys = root,access,dispatcher,werkzeug
[formatter_line]
format = %(asctime)s %(levelname)s %(name)s %(message)s
[handler_stream]
class = StreamHandler
args = (sys.stdout,)
formatter = line
[logger_root]
level = WARNING
handlers = stream
[logger_access]
qualname = trytond.wsgi
level = INFO
handlers =
[logger_dispatcher]
qualname = trytond.protocols.dispatcher
level = CRITICAL
handlers =
[logger_werkzeug]
qualname = werkzeug
level = WARNING
handlers =
"""


def ensure_template(progress: Callable[[str], None]) -> Path:
    """Return the folder of the template for the installed versions, building it first when there is none.

    Args:
        progress: Told each step in one line; nothing when the template is in the cache.

    Returns:
        A folder with ``company.sqlite``, ``password`` and ``admin-password``; nobody writes into it any more.

    Raises:
        PermanentError: Building failed; the message says where.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "shopify-pipeline"
    template = cache / f"tryton-{template_key()}"
    if template.is_dir():
        return template
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(cache / "tryton.lock"):
        if not template.is_dir():
            building = Path(tempfile.mkdtemp(prefix="tryton-building-", dir=cache))
            try:
                _build(building, progress)
                building.rename(template)
            finally:
                shutil.rmtree(building, ignore_errors=True)
    return template


class TrytonServer:
    """A Tryton server on 127.0.0.1 with one company's database; both live below ``home`` and survive a restart.

    Args:
        home: Folder of database, configuration, passwords and log (``tryton.log``).
    """

    def __init__(self, home: Path) -> None:
        self._home = home.absolute()
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """Where the server listens while it runs."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        """The server's process id.

        Raises:
            PermanentError: It is not running.
        """
        if self._process is None:
            raise PermanentError("the back office is not running: start it first")
        return self._process.pid

    @property
    def home(self) -> Path:
        """Where everything of the server is; its database is ``company.sqlite``."""
        return self._home

    @property
    def password(self) -> str:
        """The service user's password."""
        return (self._home / "password").read_text()

    @property
    def log(self) -> Path:
        """One line per request, with the RPC method that was called, and every error."""
        return self._home / "tryton.log"

    def start(self, progress: Callable[[str], None], port: int = 0) -> None:
        """Start the server and wait until it answers; an empty home gets a copy of the template first.

        Args:
            progress: Told each step in one line.
            port: Preferred TCP port; another is taken when it is not free.

        Raises:
            PermanentError: It ended or did not answer in time.
        """
        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._has_database():
            self._copy_template(progress)
        self._port = free_port(port)
        configuration, logging = self._home / "trytond.conf", self._home / "logging.conf"
        write_secret(configuration, CONFIGURATION.format(uri=self._uri(), home=self._home, port=self._port))
        logging.write_text(LOGGING)
        progress(f"starting Tryton on {self.url}")
        arguments = ["-c", str(configuration), "-d", DATABASE, "--logconf", str(logging)]
        self._process = start_process(
            [sys.executable, "-m", "trytond.cli", *arguments], log=self.log, environment=_environment()
        )
        try:
            await_ready(self._process, self._answers, name="Tryton", log=self.log, timeout_seconds=START_SECONDS)
        except PermanentError:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server; nothing happens when it does not run."""
        if self._process is not None:
            stop_group(self._process.pid)
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        try:
            with requests.Session() as session:
                session.trust_env = False
                call = {"id": 0, "method": "common.server.version", "params": []}
                answer = session.post(f"{self.url}/rpc/", json=call, timeout=PROBE_SECONDS, allow_redirects=False)
        except requests.RequestException:
            return False
        return answer.ok

    def _uri(self) -> str:
        """Where its databases are."""
        return "sqlite://"

    def _has_database(self) -> bool:
        return (self._home / f"{DATABASE}.sqlite").exists()

    def _copy_template(self, progress: Callable[[str], None]) -> None:
        """Copy under another name and rename: a home never holds half a database, nor the log of an older one."""
        template = ensure_template(progress)
        self._copy_secrets(template)
        partial = self._home / f"{DATABASE}.partial"
        shutil.copyfile(template / f"{DATABASE}.sqlite", partial)
        partial.chmod(0o600)
        for suffix in ("-wal", "-shm"):
            (self._home / f"{DATABASE}.sqlite{suffix}").unlink(missing_ok=True)
        partial.rename(self._home / f"{DATABASE}.sqlite")

    def _copy_secrets(self, template: Path) -> None:
        for name in SECRETS:
            write_secret(self._home / name, (template / name).read_text())


def template_key() -> str:
    """Names what a template would be made from now."""
    digest = hashlib.sha256(f"{_companies()} {sys.version_info[:2]}".encode())
    installed = {(d.metadata["Name"].lower(), d.version) for d in distributions()}
    for name, version in sorted(installed):
        if name.startswith("trytond") or name == "proteus":
            digest.update(f"{name}={version}\n".encode())
    plugin = _plugin()
    sources = (p.relative_to(plugin) for p in plugin.rglob("*") if p.suffix in PLUGIN_SUFFIXES)
    for path in sorted(p for p in sources if p.name != "pyproject.toml" and p.parts[0] != "tests"):
        digest.update(str(path).encode() + b"\0" + (plugin / path).read_bytes())
    return digest.hexdigest()[:16]


def _plugin() -> Path:
    spec = importlib.util.find_spec("tryton_shopify")
    if spec is None or spec.origin is None:
        raise PermanentError("tryton-shopify is not installed: install shopify-pipeline[local]")
    return Path(spec.origin).parent


def _build(directory: Path, progress: Callable[[str], None]) -> None:
    database = directory / f"{DATABASE}.sqlite"
    passwords = bootstrap(str(database), {}, directory.with_suffix(".log"), progress)
    _fold_log(database)
    for name, password in passwords.items():
        write_secret(directory / name, password)


def bootstrap(
    database: str, environment: Mapping[str, str], log: Path, progress: Callable[[str], None]
) -> dict[str, str]:
    """Build a database of the local companies, in a process of its own.

    Args:
        database: A file to create, or the URI of an empty database.
        environment: What the process needs beside ours.
        log: Gets what it complains of; gone when it succeeded.

    Returns:
        The passwords of the service user and of admin, by the names of ``SECRETS``.

    Raises:
        PermanentError: It failed; the message says where.
    """
    passwords = {name: secrets.token_urlsafe(24) for name in SECRETS}
    command = [sys.executable, "-m", "tryton_shopify.bootstrap", "--database", database, *_companies()]
    with (
        log.open("w") as errors,
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**_environment(), **environment, **{SECRETS[name]: secret for name, secret in passwords.items()}},
        ) as process,
    ):
        for line in process.stdout or ():
            progress(f"building the Tryton template (once): {line.strip()}")
    if process.returncode != 0:
        raise PermanentError(f"building the Tryton template failed with code {process.returncode}: see {log}")
    log.unlink()
    return passwords


def _companies() -> list[str]:
    """What the template's companies are, and the shops that are not the first one's."""
    others = [("--also", other.company, other.currency, other.domain) for other in OTHERS]
    return ["--company", COMPANY, "--currency", CURRENCY, *(word for other in others for word in other)]


def _fold_log(database: Path) -> None:
    """Fold SQLite's write-ahead log into the file, so that copying the one file copies everything."""
    connection = sqlite3.connect(database)
    try:
        connection.execute("pragma wal_checkpoint(truncate)")
        connection.execute("pragma journal_mode = delete")
    finally:
        connection.close()


def _environment() -> dict[str, str]:
    """Our environment without settings of another Tryton installation."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TRYTON")}


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock between processes: a second builder waits and then finds the template there."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
