"""The nightly reconciliation on the shop's clock: one run per local day, also when the clock jumps."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from dagster._utils.schedules import schedule_execution_time_iterator

from shopify_pipeline.config import load_settings
from shopify_pipeline.defs.schedules import schedules
from shopify_pipeline.report.shelf import day_of, place

SHOP = "a-shop.myshopify.com"

#: Clocks that jump by an hour, by half an hour, at midnight, in the other half of the year, and not at all.
ZONES = (
    "America/New_York",
    "Europe/London",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "America/Santiago",
    "Asia/Tokyo",
    "UTC",
)

#: The default, and minutes that some clock skips in spring and shows twice in autumn.
CRONS = ("0 3 * * *", "30 2 * * *", "15 2 * * *", "30 1 * * *", "45 1 * * *", "0 0 * * *", "30 0 * * *")

FIRST, LAST = date(2026, 1, 2), date(2027, 12, 31)


def nightly(folder: Path, zone: str, cron: str) -> dg.ScheduleDefinition:
    path = folder / "config.toml"
    path.write_text(
        f"""
[warehouse]
dsn = "postgresql://nobody@127.0.0.1:1/nothing"

[triggers]
reconciliation_cron = "{cron}"

[shops.main]
domain = "{SHOP}"
access_token = "secret"
time_zone = "{zone}"
"""
    )
    (found,) = (each for each in schedules(load_settings(path)) if each.name == "nightly_reconciliation_main")
    return found


def ticks(schedule: dg.ScheduleDefinition, zone: str) -> list[datetime]:
    """When the daemon starts it, over two years."""
    begin = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=ZoneInfo(zone)) - timedelta(seconds=1)
    end = datetime(LAST.year, LAST.month, LAST.day, tzinfo=ZoneInfo(zone)) + timedelta(days=1)
    found = []
    for tick in schedule_execution_time_iterator(
        begin.timestamp(), schedule.cron_schedule, schedule.execution_timezone, ascending=True
    ):
        if tick >= end:
            return found
        found.append(tick.astimezone(UTC))
    raise AssertionError("a schedule has no last tick")


@pytest.mark.parametrize("cron", CRONS)
@pytest.mark.parametrize("zone", ZONES)
def test_every_day_of_the_shop_is_reconciled_once_and_has_a_report_of_its_own(
    zone: str, cron: str, tmp_path: Path
) -> None:
    started = ticks(nightly(tmp_path, zone, cron), zone)

    days = Counter(day_of(tick, zone) for tick in started)
    wanted = [FIRST + timedelta(days=number) for number in range((LAST - FIRST).days + 1)]
    assert days == Counter(wanted)
    assert len({place(tmp_path, SHOP, day) for day in days}) == len(wanted)


@pytest.mark.parametrize(
    ("zone", "night", "utc"),
    [
        ("America/New_York", date(2026, 3, 7), "08:00"),
        ("America/New_York", date(2026, 3, 8), "07:00"),
        ("America/New_York", date(2026, 11, 1), "08:00"),
        ("Europe/London", date(2026, 3, 28), "03:00"),
        ("Europe/London", date(2026, 3, 29), "02:00"),
        ("Europe/London", date(2026, 10, 25), "03:00"),
        ("Australia/Lord_Howe", date(2026, 4, 4), "16:00"),
        ("Australia/Lord_Howe", date(2026, 4, 5), "16:30"),
        ("Australia/Lord_Howe", date(2026, 10, 4), "16:00"),
        ("Asia/Tokyo", date(2026, 3, 8), "18:00"),
    ],
)
def test_three_at_night_is_three_at_night_on_both_sides_of_a_change(
    zone: str, night: date, utc: str, tmp_path: Path
) -> None:
    (tick,) = (each for each in ticks(nightly(tmp_path, zone, "0 3 * * *"), zone) if day_of(each, zone) == night)

    assert f"{tick:%H:%M}" == utc
    assert f"{tick.astimezone(ZoneInfo(zone)):%H:%M}" == "03:00"
