"""Enum values the published schema has, by column: what is not among them is kept and said.

Here: reading the generated ``known_values.json``. Not here: what becomes of an unknown value (``steps/load.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

FILE = Path(__file__).with_name("known_values.json")

#: Values by ``table.column``, for columns of an enum type.
KNOWN_VALUES: Mapping[str, frozenset[str]] = msgspec.json.decode(FILE.read_bytes(), type=dict[str, frozenset[str]])
