"""Days on which everybody buys.

Here: how much more is bought on a day than on others. Not here: hours and weekdays (``history.py``).
"""

from __future__ import annotations

from datetime import date, timedelta

THANKSGIVING_WEEK = 4.0
SINGLES_DAY = 2.5
ADVENT = 1.7


def season_of(day: date) -> float:
    """How many times the usual is bought on a day of the shop's calendar: Black Friday to Cyber Monday is the peak."""
    friday = _black_friday(day.year)
    if friday <= day <= friday + timedelta(days=3):
        return THANKSGIVING_WEEK
    if (day.month, day.day) == (11, 11):
        return SINGLES_DAY
    return ADVENT if day.month == 12 and day.day <= 20 else 1.0


def _black_friday(year: int) -> date:
    """The day after the fourth Thursday of November."""
    first = date(year, 11, 1)
    return first + timedelta(days=(3 - first.weekday()) % 7 + 22)
