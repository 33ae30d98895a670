"""Where Tryton's harness keeps the database of activated modules between runs: activating them takes a minute.

Not here: tests. The folder's name is made from what the database is made from, so a change of it is another folder.
"""

import hashlib
import os
from importlib.metadata import distributions
from pathlib import Path

MODULE = Path(__file__).parent.parent


def _ingredients():
    for name, version in sorted({(d.metadata["Name"].lower(), d.version) for d in distributions()}):
        if name.startswith("trytond"):
            yield f"{name}={version}".encode()
    for path in sorted([*MODULE.glob("*.py"), *MODULE.glob("*.cfg"), *MODULE.rglob("*.xml")]):
        yield path.read_bytes()


digest = hashlib.sha256(b"\0".join(_ingredients())).hexdigest()[:16]
cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tryton-shopify"
os.environ.setdefault("DB_CACHE", str(cache / f"modules-{digest}"))
