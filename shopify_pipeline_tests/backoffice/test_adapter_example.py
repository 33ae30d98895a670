"""The adapter on the page that says how to write one: its code, taken from the page, keeps the contract."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from shopify_pipeline.errors import ConfigError

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "write-an-adapter.md"


def _example() -> dict[str, Any]:
    """Run the page's Python, block after block, as one module."""
    source = "\n".join(re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), flags=re.DOTALL | re.MULTILINE))
    module: dict[str, Any] = {"__name__": "write_an_adapter"}
    exec(compile(source, str(PAGE), "exec"), module)  # noqa: S102 - our own page
    return module


EXAMPLE = _example()
TestTheExample = EXAMPLE["TestSqliteOffice"]


def opened(options: dict[str, Any], home: Path) -> Any:
    return EXAMPLE["open_backoffice"](SimpleNamespace(home=home), options, None, print)


def test_the_example_opens_with_the_options_on_the_page(tmp_path: Path) -> None:
    company = {"name": "Example GmbH", "currency": "EUR", "receivable": "1400", "accounts": ["1400"]}
    company |= {"taxes": {}, "locations": ["BERLIN"]}

    office = opened({"file": "books.sqlite", "company": company}, tmp_path)

    assert office.health("a-shop.myshopify.com").currency == "EUR"
    assert (tmp_path / "books.sqlite").exists()


@pytest.mark.parametrize("options", [{}, {"file": "books.sqlite", "company": {"currency": "EUR"}}])
def test_the_example_says_which_option_is_missing(options: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"\[backoffice.options\] of sqlite: "):
        opened(options, tmp_path)
