"""The books of a shop: when they begin, where a day begins, and when revenue is revenue.

Here: settings as the mapping needs them. Not here: reading them (``config.py``), and any fact of an order.
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

Recognition = Literal["order", "fulfillment"]


class Books(msgspec.Struct, frozen=True):
    """When the books begin, and where a day begins.

    Attributes:
        go_live_on: First day of the books in ``zone``.
        zone: The shop's time zone.
    """

    go_live_on: date
    zone: ZoneInfo

    @property
    def go_live_at(self) -> datetime:
        """First instant of the books."""
        return datetime.combine(self.go_live_on, time(), self.zone)

    def day(self, instant: datetime) -> date:
        """The shop's day of an instant."""
        return instant.astimezone(self.zone).date()

    def hold(self, instant: datetime) -> bool:
        """Whether a fact of this instant is in the books."""
        return self.day(instant) >= self.go_live_on
