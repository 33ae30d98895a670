"""A sandbox store of the tests: its server, its own command, and its request log.

Not here: anything a test expects of it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from shopify_pipeline.local.profiles import Mix
from shopify_pipeline.local.sandbox import LocalSandbox
from shopify_pipeline.shopify.access import least_privilege

# The server writes them when it starts.
OF_THE_PROCESS = shutil.ignore_patterns("lock", "server.json", "sandbox.log")


class Store:
    """A store below one folder, with a server of its own.

    Args:
        home: The sandbox's state directory.
        orders: Orders of a new world; an existing world stays as it is.
        mix: What happens in a new world.
    """

    def __init__(self, home: Path, *, orders: int = 0, mix: Mix = "plain") -> None:
        self.home = home
        self.server = LocalSandbox(home, orders=orders, seed=7, scopes=least_privilege(), mix=mix)

    def start(self) -> None:
        """Start the server."""
        self.server.start(lambda line: None)

    def stop(self) -> None:
        """Stop the server."""
        self.server.stop()

    def copy(self, home: Path) -> Store:
        """The same store once more, not yet started."""
        shutil.copytree(self.home, home, ignore=OF_THE_PROCESS)
        return Store(home)

    def advance(self, **actions: int | str) -> None:
        """Let things happen: ``new_orders=2`` is ``advance --new-orders 2``."""
        options = [(f"--{name.replace('_', '-')}", str(value)) for name, value in actions.items()]
        self._command("advance", *(word for option in options for word in option))

    def plant(self, kind: str, gid: str) -> None:
        """Spoil an order on its way out of the store."""
        self._command("faults", "set", kind, "--id", gid)

    def heal(self) -> None:
        """Take every planted fault away."""
        self._command("faults", "clear")

    def operations(self) -> list[str]:
        """Names of the GraphQL operations asked for so far, in order."""
        lines = (self.home / "requests.jsonl").read_text().splitlines()
        return [entry["operation"] for entry in map(json.loads, lines) if entry["operation"]]

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Rows of one table as another process works them out."""
        return [json.loads(line) for line in self._command("truth", "--rows", table).splitlines()]

    def _command(self, *arguments: str) -> str:
        command = Path(sys.executable).with_name("shopify-sandbox")
        done = subprocess.run(
            [command, *arguments, "--home", str(self.home)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout
