"""The page of a night: what it says first, that it asks nobody for anything, and that no name becomes markup."""

from __future__ import annotations

import re
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest

from shopify_pipeline.report.charts import LINE_HEIGHT, bars, line
from shopify_pipeline.report.night import FIGURES, Aged, Listed, Night, Total
from shopify_pipeline.report.render import render, verdict
from shopify_pipeline_tests.report.nights import DAY, a_break, broken, listed, quiet

HOSTILE = """<script>alert("1")</script><img src=x onerror='alert(2)'>&amp;]]>{{ 7*7 }}"""
VOID = {"meta", "br"}


class Page(HTMLParser):
    """Tags that are open, all that were seen with their attributes, and the text people read."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag
        self.text += " " if tag in ("td", "th") else ""

    def handle_data(self, data: str) -> None:
        self.text += data if self.stack[-1:] != ["style"] else ""

    @property
    def words(self) -> str:
        return re.sub(r"\s+", " ", self.text)


NIGHTS = [quiet(), broken(), broken(runs=broken().runs[-1:]), quiet(runs=[], totals=[], clearing=[], payouts=[])]


@pytest.mark.parametrize("night", NIGHTS)
def test_the_page_is_whole_markup_and_the_same_bytes_again(night: Night) -> None:
    html = render(night)

    assert Page(html).stack == []
    assert html == render(night)


@pytest.mark.parametrize("night", NIGHTS)
def test_the_page_runs_nothing_and_asks_nobody(night: Night) -> None:
    html = render(night)
    page = Page(html)

    assert not page.tags & {"script", "link", "img", "iframe", "object", "embed", "form", "base", "a"}
    assert not {name for name, _ in page.attributes if name.startswith("on") or name in ("src", "href", "style")}
    assert not re.search(r"https?:|//[a-z]|url\(|@import|javascript:", html)
    assert "default-src 'none'" in html


def hostile() -> Night:
    """Every text that comes from outside is an attack."""
    bad = a_break(
        **dict.fromkeys(("break_id", "rule", "kind", "entity", "key", "expected", "actual", "currency"), HOSTILE),
        **dict.fromkeys(("message", "proposed_repair", "accepted_by", "accepted_because"), HOSTILE),
    )
    night = broken(
        shop=HOSTILE,
        backoffice=HOSTILE,
        currency=HOSTILE,
        open=Listed(count=240, breaks=[bad]),
        attention=listed(bad),
        in_transit=listed(bad),
        accepted=listed(bad),
        at_risk={HOSTILE: Decimal(1)},
        ages=[Aged(rule=HOSTILE, age="0-1 d", breaks=1)],
    )
    changed: dict[str, Any] = {
        "compared": [msgspec.structs.replace(each, rule=HOSTILE, title=HOSTILE) for each in night.compared],
        "clearing": [
            msgspec.structs.replace(each, account=HOSTILE, gateways=HOSTILE, rule=HOSTILE, state=HOSTILE)
            for each in night.clearing
        ],
        "payouts": [msgspec.structs.replace(each, status=HOSTILE, currency=HOSTILE) for each in night.payouts],
        "residuals": [
            msgspec.structs.replace(each, what=HOSTILE, presentment_currency=HOSTILE, currency=HOSTILE)
            for each in night.residuals
        ],
    }
    return msgspec.structs.replace(night, **changed)


def test_no_name_becomes_markup_wherever_it_comes_from() -> None:
    page, harmless = Page(render(hostile())), Page(render(broken()))

    assert page.stack == []
    assert page.tags == harmless.tags
    assert {name for name, _ in page.attributes} == {name for name, _ in harmless.attributes}
    assert page.text.count('<script>alert("1")</script>') > 40
    assert "49" not in "".join(re.findall(r"]]>(.{9})", page.text))


def test_a_quiet_night_says_so_and_how_much_was_compared() -> None:
    page = Page(render(quiet()))

    assert verdict(quiet()) == "Shop and books agree: 4,820 comparisons left no difference open."
    assert "None is open." in page.words
    assert "1 rule compared nothing, and so proves nothing: F4." in page.words


def test_a_night_on_which_nothing_was_compared_proves_nothing() -> None:
    night = quiet(compared=[msgspec.structs.replace(each, checked=0) for each in quiet().compared])

    assert verdict(night) == "Nothing was compared, so this night proves nothing."


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (
            {},
            "240 differences between shop and books, 14,210.50 USD at risk, the oldest 40 days old; 239 errors and "
            "1 warning.",
        ),
        (
            {"open": listed(a_break()), "errors": 1, "oldest_days": 0, "at_risk": {"KWD": Decimal("0.5")}},
            "1 difference between shop and books, 0.500 KWD at risk, all from today; an error.",
        ),
        (
            {"open": Listed(count=2, breaks=[]), "errors": 0, "oldest_days": 1, "at_risk": {}},
            "2 differences between shop and books, the oldest 1 day old; warnings only.",
        ),
    ],
)
def test_a_broken_night_says_how_many_how_much_and_how_old(said: dict[str, Any], sentence: str) -> None:
    assert verdict(broken(**said)) == sentence


def test_what_is_on_its_way_does_not_make_a_night_broken() -> None:
    night = quiet(in_transit=listed(a_break(kind="in_transit")))

    assert verdict(night) == (
        "Shop and books agree: 4,820 comparisons left no difference open; 1 fact is on the way and not late."
    )


def test_a_break_is_told_with_both_sides_its_difference_and_what_to_do() -> None:
    words = Page(render(broken())).words

    assert "1,250.50 1,238.00 −12.50 USD 3 days push the order again" in words
    assert "236 more are in the break ledger" in words


def test_an_accepted_difference_is_told_with_who_why_and_until_when() -> None:
    assert "the controller one cent, agreed with the auditor 2026-12-31" in Page(render(broken())).words


def test_an_account_no_rule_compared_is_not_called_agreed() -> None:
    words = Page(render(broken())).words

    assert "paypal 1110 – −1.50 – Y6: not compared" in words
    assert "shopify_payments 1100 5,210.33 5,197.83 −12.50 Y6: amounts differ" in words


@pytest.mark.parametrize(("currency", "text"), [("JPY", "5,000"), ("KWD", "5,000.000")])
def test_amounts_have_the_digits_of_the_shops_currency(currency: str, text: str) -> None:
    day = [Total(day=DAY, figure=name, shop=Decimal(5000), books=Decimal(5000)) for name in FIGURES]

    assert f"Sold shop {text} books {text} difference" in Page(render(quiet(currency=currency, totals=day))).words


def test_bars_are_as_long_as_their_share_of_the_longest_and_their_ages_add_up() -> None:
    long, short = bars(
        [
            Aged(rule="P2", age="> 30 d", breaks=1),
            Aged(rule="O5", age="0-1 d", breaks=3),
            Aged(rule="O5", age="8-30 d", breaks=1),
        ]
    )

    assert (long.rule, long.breaks, sum(part.width for part in long.segments)) == ("O5", 4, 520)
    assert [(part.x, part.width, part.place) for part in long.segments] == [(0, 390, 0), (390, 130, 3)]
    assert (short.rule, [(part.x, part.width, part.place) for part in short.segments]) == ("P2", [(0, 130, 4)])


def test_a_line_goes_from_zero_to_its_highest_value() -> None:
    assert line([0, 5, 10]).points == [(0, LINE_HEIGHT), (260, LINE_HEIGHT / 2), (520, 0)]
    assert line([Decimal(0), Decimal(0)]).points == [(0, LINE_HEIGHT), (520, LINE_HEIGHT)]
    assert line([Decimal(7)]).points == [(520, 0)]
