"""Files of the sandbox's state directory: small JSON written whole or not at all, logs, and the directory's lock.

Belongs here: the one way a file is replaced or appended to. What the files mean is their owner's business.
"""

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from shopify_sandbox.errors import SandboxError

OWNER_ONLY = 0o600
SERVER_FILE = "server.json"
CONTROL_KEY_HEADER = "X-Sandbox-Key"
#: How much of a log is read to show its end.
TAIL_BYTES = 64 * 1024


@contextmanager
def held(state: Path) -> Iterator[None]:
    """Hold a state directory for oneself; the kernel lets go of it when the process ends, however it ends.

    Raises:
        SandboxError: Another process holds it.
    """
    with (state / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SandboxError(f"{state} is in use by another shopify-sandbox process") from None
        yield


def read_json(path: Path, default: Any) -> Any:
    """Read one JSON file; ``default`` when there is none."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return default


def write_json(path: Path, content: Any) -> None:
    """Replace one JSON file atomically; only its owner may read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
        file.write("\n")
    os.chmod(name, OWNER_ONLY)
    os.replace(name, path)


class JsonLines:
    """An append-only log, one JSON object a line; thread-safe."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = Lock()

    def append(self, entry: dict[str, Any]) -> None:
        line = json.dumps(entry, separators=(",", ":")) + "\n"
        with self._lock, self.path.open("a", encoding="utf-8") as file:
            file.write(line)

    def read(self) -> list[dict[str, Any]]:
        """Read every entry; an absent file is an empty log."""
        try:
            return [json.loads(line) for line in self.path.read_text(encoding="utf-8").splitlines()]
        except FileNotFoundError:
            return []

    def tail(self, entries_max: int) -> list[dict[str, Any]]:
        """Read the latest entries, the oldest of them first, without reading the whole log."""
        try:
            with self.path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - TAIL_BYTES))
                lines = file.read().splitlines()
        except FileNotFoundError:
            return []
        whole = lines if size <= TAIL_BYTES else lines[1:]
        return [json.loads(line) for line in whole[-entries_max:]]
