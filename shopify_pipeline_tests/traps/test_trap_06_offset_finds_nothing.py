"""Trap 6: a time with an offset other than Z finds nothing, and nobody says so."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from shopify_pipeline.shopify import windows
from shopify_pipeline_tests.shopify.sandboxed import NOW, sandbox_shop
from shopify_pipeline_tests.traps.reading import orders_between, orders_changed_between

FROM, TO = NOW - timedelta(days=20), NOW
NEW_YORK = ZoneInfo("America/New_York")


def with_offset(at: datetime) -> str:
    return at.astimezone(NEW_YORK).isoformat()


@pytest.mark.parametrize("zone", [NEW_YORK, timezone(timedelta(hours=9))], ids=["New York", "nine hours east"])
def test_a_window_given_in_any_zone_is_asked_for_in_utc(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zone: ZoneInfo | timezone
) -> None:
    with sandbox_shop(tmp_path, orders=60) as shop:

        def check() -> None:
            expected = orders_changed_between(shop, FROM, TO)
            assert expected
            assert orders_between(shop, FROM.astimezone(zone), TO.astimezone(zone)) == expected

        check()
        monkeypatch.setattr(windows, "_instant", with_offset)
        with pytest.raises(AssertionError):
            check()
