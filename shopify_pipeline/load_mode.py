"""What a load reads: the word its row in the warehouse, its manifest and whoever extracts it have in common.

Here: that one word. Not here: what is read in which mode (``steps/extract.py``).
"""

from __future__ import annotations

from typing import Literal

#: ``full`` reads everything, ``window`` what changed between two instants, ``backfill`` a slice of what is older than
#: the first window, ``roots`` named roots again.
LoadMode = Literal["full", "window", "backfill", "roots"]
