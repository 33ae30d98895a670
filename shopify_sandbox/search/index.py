"""The search index: which moment of the world a search sees, and the orders and matches it has found lately.

Belongs here: the late index and what is kept between two requests. What a search keeps is in ``compiled.py``.

A late index holds the world as it was some seconds ago: a record made since is not found, one changed since is found
by its old values (and shown with its new ones). Observed at Shopify: new tags and SKUs are on the record at once and
appear in searches seconds later. How late all filters are together is assumed.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from shopify_sandbox.search.paging import Ordered
from shopify_sandbox.world.fold import apply
from shopify_sandbox.world.state import State
from shopify_sandbox.world.times import instant

KEPT_MAX = 64
#: Records in everything kept together; about 200 bytes each, beside the records themselves.
KEPT_RECORDS_MAX = 1_000_000


class Seen(Protocol):
    """A world as root connections read it: the store itself, or an earlier moment of it."""

    @property
    def state(self) -> State: ...


@dataclass(frozen=True)
class Earlier:
    """The world at an earlier moment, made of records of its own."""

    state: State


class Index:
    """What searches see. Used under the store's lock.

    Attributes:
        now: The world's time.
        late_by: How much later than the world the index is.
    """

    def __init__(self, present: Seen, log: Path, now: Callable[[], datetime]) -> None:
        self.now = now
        self.late_by: Callable[[], timedelta] = timedelta
        self._present = present
        self._past = _Past(log)
        self._kept: OrderedDict[Hashable, tuple[int, Ordered]] = OrderedDict()

    def seen(self) -> Seen:
        """Give the world as searches see it now."""
        late_by = self.late_by()
        return self._past.at(self.now() - late_by) if late_by else self._present

    def kept(self, seen: Seen, name: Hashable, make: Callable[[], Ordered]) -> Ordered:
        """Give what was made under a name, or make it anew when that world has changed since."""
        key = (seen is self._present, name)
        version = seen.state.event_count
        if self._kept.get(key, (None,))[0] != version:
            self._kept[key] = (version, make())
        self._kept.move_to_end(key)
        records = sum(len(ordered.items) for _, ordered in self._kept.values())
        while len(self._kept) > 1 and (len(self._kept) > KEPT_MAX or records > KEPT_RECORDS_MAX):
            _, (_, dropped) = self._kept.popitem(last=False)
            records -= len(dropped.items)
        return self._kept[key][1]


class _Past:
    """An earlier moment of a world, folded from its log as time goes on."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._earlier = Earlier(State())
        self._until: datetime | None = None
        self._offset = 0

    def at(self, until: datetime) -> Earlier:
        """Give the world as it was at that time, events of that second included."""
        if self._until is not None and until < self._until:
            self._earlier, self._offset = Earlier(State()), 0
        self._until = until
        with self._log.open("rb") as file:
            file.seek(self._offset)
            for line in file:
                event = json.loads(line)
                if instant(event["at"]) > until:
                    break
                apply(self._earlier.state, event)
                self._offset += len(line)
        return self._earlier
