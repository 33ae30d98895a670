"""Trap 5: a time without quotes loses its time of day, and means midnight in the shop's time zone.

Who has met it disagrees on what is found then: everything since that midnight, or nothing. The client holds for both.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from shopify_pipeline.errors import PermanentError
from shopify_pipeline.shopify.windows import Window
from shopify_pipeline_tests.shopify.sandboxed import NOW, SandboxShop, sandbox_shop
from shopify_pipeline_tests.traps.reading import believe_ignored_filters, orders_between, orders_changed_between
from shopify_sandbox.search import compiled

#: A window that begins and ends in the middle of a day, in UTC and in the shop's time zone.
FROM, TO = NOW - timedelta(days=5), NOW - timedelta(days=1, hours=3)


@pytest.fixture(params=["since midnight", "nothing"])
def unquoted_finds(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the store finds by a time without quotes."""
    if request.param == "nothing":
        matcher = compiled._time_matcher
        monkeypatch.setattr(
            compiled, "_time_matcher", lambda term, zone: matcher(term, zone) if term.quoted else lambda value: False
        )


def read_exactly(shop: SandboxShop) -> None:
    expected = orders_changed_between(shop, FROM, TO)
    assert expected
    assert orders_between(shop, FROM, TO) == expected


@pytest.mark.usefixtures("unquoted_finds")
def test_a_window_is_read_to_the_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with sandbox_shop(tmp_path, orders=120) as shop:
        read_exactly(shop)
        quoted = Window.query.fget  # type: ignore[attr-defined]
        monkeypatch.setattr(Window, "query", property(lambda window: quoted(window).replace("'", "")))
        believe_ignored_filters(monkeypatch)
        with pytest.raises(AssertionError):
            read_exactly(shop)


@pytest.mark.usefixtures("unquoted_finds")
def test_were_the_quotes_forgotten_the_run_would_fail_rather_than_read_another_window(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sandbox_shop(tmp_path, orders=30) as shop:
        quoted = Window.query.fget  # type: ignore[attr-defined]
        monkeypatch.setattr(Window, "query", property(lambda window: quoted(window).replace("'", "")))

        def check() -> None:
            try:
                orders_between(shop, FROM, TO)
            except PermanentError as refused:
                assert "Shopify ignored the search filter on 00 (invalid_field)" in str(refused)  # noqa: PT017
            else:
                raise AssertionError("a window that Shopify did not understand was read")

        check()
        believe_ignored_filters(monkeypatch)
        with pytest.raises(AssertionError):
            check()
