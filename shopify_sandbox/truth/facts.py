"""What an event of the log says, as it is read: names and values.

Here: the word for it. Not here: what events say of orders, which has types of its own (``order_facts.py``).
"""

from __future__ import annotations

from typing import Any

Facts = dict[str, Any]
