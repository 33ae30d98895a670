"""Where reports are kept: each night's own file, whole, and never outside the folder."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from shopify_pipeline.errors import ConfigError
from shopify_pipeline.report.shelf import keep, place

DAY = date(2026, 11, 23)


def test_a_report_is_found_by_shop_and_day(tmp_path: Path) -> None:
    assert (
        place(tmp_path, "a-shop.myshopify.com", DAY)
        == tmp_path / "reports" / "a-shop.myshopify.com" / "2026-11-23.html"
    )


@pytest.mark.parametrize(
    "shop",
    ["", ".", "..", "../b", "a/b", "a\\b", "/etc", ".hidden", "a\n", "a\0b", "A-Shop", "ä.myshopify.com", "~root"],
)
def test_no_name_leads_out_of_the_folder(shop: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no shop's domain"):
        place(tmp_path, shop, DAY)


def test_another_night_leaves_the_former_one_alone(tmp_path: Path) -> None:
    first, second = (place(tmp_path, "a-shop.myshopify.com", day) for day in (DAY, date(2026, 11, 24)))
    keep(first, "monday")
    keep(second, "tuesday")

    assert (first.read_text(), second.read_text()) == ("monday", "tuesday")


def test_the_same_night_is_written_again_as_a_whole(tmp_path: Path) -> None:
    path = place(tmp_path, "a-shop.myshopify.com", DAY)
    keep(path, "a long first text")
    keep(path, "short")

    assert path.read_text() == "short"


def test_a_write_that_fails_leaves_the_former_report_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = place(tmp_path, "a-shop.myshopify.com", DAY)
    keep(path, "former")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        keep(path, "new")

    assert path.read_text() == "former"
    assert [each.name for each in path.parent.iterdir()] == [path.name]
