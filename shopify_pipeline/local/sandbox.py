"""The sandbox store on this machine: its server process, how to reach it, and what is true in it.

Here: starting, adopting, stopping. Not here: anything the store does (``shopify_sandbox``, known by its command alone).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import requests

from shopify_pipeline.errors import PermanentError
from shopify_pipeline.local.processes import (
    PROBE_SECONDS,
    await_ready,
    log_tail,
    start_process,
    started_at,
    stop_group,
    write_secret,
)
from shopify_pipeline.local.profiles import PROFILES, Mix, Profile, ProfileName, profile_of

# A new world is written event by event, about a thousand orders in 10 s on a busy core.
START_SECONDS = 600.0
# A busy store may need its time for what it is told to do.
CONTROL_SECONDS = 60.0


class LocalSandbox:
    """A sandbox server and its world, below one folder.

    Args:
        home: The sandbox's state directory.
        orders: Orders of a new world; an existing world stays as it is.
        seed: Seed of a new world.
        scopes: Access scopes the app has there, from every start on.
        plan: Shopify plan, which decides how fast the store may be asked.
        profile: What kind of shop a new world is.
        mix: What happens in a new world: ``plain``, the everyday; ``full``, everything that can.
    """

    def __init__(
        self,
        home: Path,
        *,
        orders: int,
        seed: int,
        scopes: Sequence[str],
        plan: str | None = None,
        profile: ProfileName = "usd",
        mix: Mix = "plain",
    ) -> None:
        self._scopes = list(scopes)
        self._home = home.absolute()
        self._arguments = ["--home", str(self._home), "--orders", str(orders), "--seed", str(seed), "--mix", mix]
        self._arguments += ["--profile", profile, "--shop", PROFILES[profile].domain]
        self._arguments += ["--plan", plan] if plan else []
        self._log = self._home / "sandbox.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, progress: Callable[[str], None], port: int = 0) -> None:
        """Bring the server up, creating the world on the first start; one that already runs on this state is used.

        Args:
            progress: Told each step in one line.
            port: TCP port on 127.0.0.1; 0: a free one.

        Raises:
            PermanentError: It ended or did not answer in time; its log is quoted.
        """
        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._runs():
            progress(f"using the sandbox store that runs at {self.url}")
            self._grant()
            return
        progress("starting the sandbox store")
        self._log.unlink(missing_ok=True)
        command = [_command(), "serve", *self._arguments, "--port", str(port)]
        self._process = start_process(command, log=self._log, secret_output=True)
        said = 0

        def ready() -> bool:
            nonlocal said
            lines = self._log.read_text(errors="replace").splitlines(keepends=True)
            for line in lines[said:]:
                if line.endswith("\n"):
                    said += 1
                    progress(f"sandbox store: {line.strip()}")
            return self._server().get("pid") == process.pid and self._runs()

        process = self._process
        await_ready(process, ready, name="the sandbox store", log=self._log, timeout_seconds=START_SECONDS)
        self._grant()
        progress(f"the sandbox store answers at {self.url}")

    def stop(self) -> None:
        """Stop the server if we started it."""
        if self._process is not None:
            stop_group(self._process.pid)
            self._process.wait()
            self._process = None

    @property
    def pid(self) -> int | None:
        """Process id of the running server, whoever started it."""
        return self._server()["pid"] if self._runs() else None

    @property
    def url(self) -> str:
        """Base address of its Admin API."""
        return str(self._server()["url"])

    @property
    def shop(self) -> str:
        """Its ``*.myshopify.com`` domain."""
        return str(self._server()["shop"])

    @property
    def profile(self) -> Profile:
        """What kind of shop its world is, whoever made it."""
        return profile_of(self.shop)

    @property
    def mix(self) -> Mix:
        """What happens in its world, whoever made it."""
        mix: Mix = json.loads((self._home / "world.json").read_text())["mix"]
        return mix

    @property
    def ca_file(self) -> Path:
        """The authority that signed its certificate."""
        return Path(self._server()["ca_file"])

    @property
    def client_id(self) -> str:
        """The app's client id."""
        return str(self._server()["client_id"])

    def secret_file(self) -> Path:
        """A file with the app's client secret and nothing else, readable by its owner alone."""
        path = self._home / "client_secret"
        write_secret(path, self._server()["client_secret"])
        return path

    def now(self) -> datetime:
        """The world's clock, UTC, as its responses carry it.

        Raises:
            PermanentError: The server does not answer.
        """
        response = self._get()
        if response is None:
            raise PermanentError(f"the sandbox store does not answer at {self.url}; {self._log}: {log_tail(self._log)}")
        return parsedate_to_datetime(response.headers["Date"])

    def tick(self) -> None:
        """Let one thing happen in the store.

        Raises:
            PermanentError: The server does not answer.
        """
        self._control("POST", "tick")

    def place(self, orders: int, *, hours: float) -> list[int]:
        """Let customers order, a second of the store's clock apart, then move the clock.

        Returns:
            Ids of the new orders.

        Raises:
            PermanentError: The server does not answer.
        """
        events = self._control("POST", "advance", {"new_orders": orders, "hours": hours})["events"]
        return [event["order_id"] for event in events if event["event"] == "order_placed"]

    def truth(self) -> dict[str, Any]:
        """What is true in the store, worked out by another process from its event log alone.

        Raises:
            PermanentError: The command failed; what it said is quoted.
        """
        done = subprocess.run(
            [_command(), "truth", "--home", str(self._home), "--json"], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            reason = done.stderr.strip().removeprefix("error: ")
            raise PermanentError(f"the sandbox store cannot tell its truth: {reason}")
        answer: dict[str, Any] = json.loads(done.stdout, parse_float=Decimal)
        return answer

    def _grant(self) -> None:
        """Give the app its scopes, as a merchant does who approves them."""
        self._control("PUT", "scopes", {"scopes": self._scopes})

    def _control(self, method: str, knob: str, content: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Steer the server; gives its answer.

        Raises:
            PermanentError: It does not answer.
        """
        server = self._server()
        try:
            with requests.Session() as session:
                session.trust_env = False
                response = session.request(
                    method,
                    f"{server['url']}/__sandbox/{knob}",
                    json=content,
                    headers={"X-Sandbox-Key": server["control_key"]},
                    verify=server["ca_file"],
                    timeout=CONTROL_SECONDS,
                )
                response.raise_for_status()
                answer: dict[str, Any] = response.json()
        except (KeyError, requests.RequestException, OSError) as exc:
            raise PermanentError(f"the sandbox store does not answer; {self._log}: {log_tail(self._log)}") from exc
        return answer

    def _server(self) -> dict[str, Any]:
        """What the running server wrote about itself; empty when there is none."""
        with suppress(FileNotFoundError):
            server: dict[str, Any] = json.loads((self._home / "server.json").read_text())
            return server
        return {}

    def _runs(self) -> bool:
        server = self._server()
        return bool(server) and started_at(server["pid"]) is not None and self._get() is not None

    def _get(self) -> requests.Response | None:
        """Any answer of the server, or None; a certificate of another authority is no answer."""
        try:
            with requests.Session() as session:
                session.trust_env = False
                return session.get(
                    f"{self.url}/", verify=str(self.ca_file), timeout=PROBE_SECONDS, allow_redirects=False
                )
        except (requests.RequestException, OSError):
            return None


def _command() -> str:
    """The ``shopify-sandbox`` command of this environment.

    Raises:
        PermanentError: It is not installed.
    """
    command = Path(sys.executable).with_name("shopify-sandbox")
    if not os.access(command, os.X_OK):
        raise PermanentError("shopify-sandbox is not installed beside this Python: install shopify-pipeline[local]")
    return str(command)
