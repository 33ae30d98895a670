"""The store the extractors read: ``shopify-sandbox serve`` in a process of its own, and what is true in it.

Belongs here: start, stop, credentials, truth. What an extractor makes of it is in ``tap_shopify.py`` and its sibling.
"""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import requests

from shopify_sandbox import truth

LOOPBACK = Path(__file__).parent / "loopback"
SHOP = "peer-shop"
#: The oldest products of the world are younger than this.
START_DATE = "2024-01-01T00:00:00Z"
STOP_SECONDS_MAX = 30
TOOL_SECONDS_MAX = 1_800

Row = dict[str, str | None]


class StoreFailed(Exception):
    """The sandbox did not come up."""


@dataclass(frozen=True)
class RunningStore:
    """A served store.

    Attributes:
        home: Its directory.
        port: Where it listens on 127.0.0.1.
        ca_file: The authority its certificate is from.
    """

    home: Path
    port: int
    ca_file: Path
    client_id: str
    client_secret: str

    def environment(self) -> dict[str, str]:
        """What an extractor's process needs to take this store for Shopify."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        return {
            **kept,
            "PYTHONPATH": str(LOOPBACK),
            "SHOPIFY_SANDBOX_PORT": str(self.port),
            "SSL_CERT_FILE": str(self.ca_file),
            "REQUESTS_CA_BUNDLE": str(self.ca_file),
        }

    def token(self) -> str:
        """An access token by the client credentials grant."""
        grant = {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
        }
        url = f"https://127.0.0.1:{self.port}/admin/oauth/access_token"
        answer = requests.post(url, json=grant, verify=str(self.ca_file), timeout=60)
        answer.raise_for_status()
        return str(answer.json()["access_token"])

    def truth(self, table: str) -> list[Row]:
        """The rows of a table, from the store's event log alone."""
        return list(truth.rows(self.home, table))


def run_tool(store: RunningStore, command: Sequence[str], *, folder: Path, output: str) -> Path:
    """Run an extractor's program against the store; gives the file with its standard output.

    Args:
        folder: Where it runs; its log goes there, too.
        output: Name of the file.

    Raises:
        subprocess.CalledProcessError: It failed.
        subprocess.TimeoutExpired: It did not come to an end.
    """
    with (folder / output).open("w") as messages, (folder / f"{output}.log").open("w") as log:
        subprocess.run(
            command,
            env=store.environment(),
            cwd=folder,
            stdout=messages,
            stderr=log,
            check=True,
            timeout=TOOL_SECONDS_MAX,
        )
    return folder / output


@contextmanager
def served(home: Path, *, orders: int, seed: int, now: datetime) -> Iterator[RunningStore]:
    """Serve a new world for as long as the context lasts.

    Args:
        now: The world's time (UTC). It has to be the machine's: an extractor reads up to its own now, and takes a bulk
            operation that was created long before it for one that has been running as long.

    Raises:
        StoreFailed: The sandbox ended instead.
    """
    credentials = {
        "SHOPIFY_SANDBOX_CLIENT_ID": secrets.token_hex(16),
        "SHOPIFY_SANDBOX_CLIENT_SECRET": f"shpss_{secrets.token_hex(16)}",
    }
    process = subprocess.Popen(
        _command(home, orders=orders, seed=seed, now=now),
        env={**os.environ, **credentials},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield _ready(process, home, *credentials.values())
    finally:
        process.terminate()
        process.wait(STOP_SECONDS_MAX)


def _command(home: Path, *, orders: int, seed: int, now: datetime) -> Sequence[str]:
    program = Path(sys.executable).with_name("shopify-sandbox")
    world = {
        "--home": home,
        "--orders": orders,
        "--seed": seed,
        "--now": now.isoformat(timespec="seconds"),
        "--shop": f"{SHOP}.myshopify.com",
    }
    return [str(program), "serve", *(str(part) for pair in world.items() for part in pair)]


def _ready(process: subprocess.Popen[str], home: Path, client_id: str, client_secret: str) -> RunningStore:
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise StoreFailed(f"shopify-sandbox serve ended with exit code {process.wait()}")
    said: dict[str, Any] = json.loads(line)
    return RunningStore(home, int(said["port"]), Path(said["ca_file"]), client_id, client_secret)
