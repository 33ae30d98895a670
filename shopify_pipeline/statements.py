"""Named SQL statements from a ``.sql`` file: ``-- name: object_verb`` starts one.

Here: the loader. The Python that runs a statement is a one-line call beside its room.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import LiteralString, cast

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


@cache
def statements(path: Path) -> dict[str, LiteralString]:
    """Statement by name; the files are part of the package, so their text is as trusted as code."""
    parts = _NAME.split(path.read_text())
    return {name: cast(LiteralString, body.strip()) for name, body in zip(parts[1::2], parts[2::2], strict=True)}
