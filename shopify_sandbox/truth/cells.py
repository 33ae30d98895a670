"""What a row is, before it is put into canonical text.

Money is Decimal in major units; ids and counts are int, flags bool; times, rates and weights text.
"""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]
