"""Windows of time: the search filter of one, and cutting one that holds more roots than pages reach.

Here: instants and counts. Not here: reading what is in a window (``pages.py``), or choosing it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from shopify_pipeline.errors import PermanentError

#: Shopify pages no deeper into one connection, and counts no further exactly.
PAGED_ROOTS_MAX = 25_000
#: A window is cut before it is that full: the index may learn of some more changes while it is read.
WINDOW_ROOTS_MAX = 20_000
#: Before anything in any shop was changed.
BEGINNING = datetime(2004, 1, 1, tzinfo=UTC)

_SECOND = timedelta(seconds=1)


class CrowdedSecondError(PermanentError):
    """More roots changed in one second than pages reach; a bulk operation must read them."""


@dataclass(frozen=True)
class Window:
    """Everything whose stamp lies between two instants, both inclusive, UTC.

    Attributes:
        since: None: from the beginning.
        stamp: The search field it is about; None: there is none, and nothing is left out.
    """

    since: datetime | None
    until: datetime
    stamp: str | None = "updated_at"

    @property
    def query(self) -> str | None:
        """Its search filter.

        Quoted and in UTC: Shopify rounds an unquoted instant to the shop's midnight and finds nothing for any other
        offset.
        """
        if self.stamp is None:
            return None
        upper = f"{self.stamp}:<='{_instant(self.until)}'"
        return upper if self.since is None else f"{self.stamp}:>='{_instant(self.since)}' AND {upper}"

    def halves(self) -> tuple[Window, Window] | None:
        """The window as two that share nothing; None when it is no longer than a second.

        Shopify's stamps are whole seconds: nothing lies between the end of one half and the start of the other.
        """
        since = (self.since or BEGINNING).replace(microsecond=0)
        seconds = (self.until - since) // _SECOND
        if seconds < 1 or self.stamp is None:
            return None
        middle = since + seconds // 2 * _SECOND
        return replace(self, until=middle), replace(self, since=middle + _SECOND)


def cut(window: Window, counted: int, count: Callable[[Window], int], *, roots_max: int) -> Iterator[Window]:
    """Cut a window until no part holds more than ``roots_max`` roots; oldest part first, nothing twice.

    Args:
        counted: How many roots it holds; more than can be counted exactly may be said to be one more than that.
        count: Counts the roots of a part.

    Raises:
        CrowdedSecondError: A single second holds more; the parts before it were given.
    """
    if counted <= roots_max:
        yield window
        return
    halves = window.halves()
    if halves is None:
        raise crowded(window, counted)
    for half in halves:
        yield from cut(half, count(half), count, roots_max=roots_max)


def crowded(window: Window, counted: int) -> CrowdedSecondError:
    """That a window which cannot be cut any further holds more than pages reach."""
    where = "are there" if window.stamp is None else f"changed in the one second {_instant(window.until)}"
    return CrowdedSecondError(
        f"{counted} or more {where}, pages reach {PAGED_ROOTS_MAX}: "
        "set extract.bulk_threshold lower, so that a bulk operation reads them"
    )


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
