"""How what an extractor emits is held against the truth: every difference shows, a known loss has to show."""

from dataclasses import replace
from decimal import Decimal

import pytest

from shopify_pipeline_tests.peers.compare import Lines, Record, Row, Stream, Total, Verdict, compare
from shopify_pipeline_tests.peers.run import table, told

TOOL = ("tool", "1.0")
TRUTH: dict[str, list[Row]] = {
    "orders": [{"order_id": "1", "total": "9.9"}, {"order_id": "2", "total": "20"}],
    "lines": [
        {"line_id": "11", "order_id": "1"},
        {"line_id": "12", "order_id": "1"},
        {"line_id": "21", "order_id": "2"},
    ],
}
LINES = Lines("lines", "line_id", "order_id", lambda order: order["lines"])
STREAM = Stream(
    "orders",
    "orders",
    ("order_id",),
    lambda order: order["id"],
    Total("total", lambda order: Decimal(order["total"])),
    LINES,
)
SCATTERED = replace(STREAM, lines=replace(LINES, scattered=True))
RIGHT: list[Record] = [
    {"id": "1", "total": "9.90", "lines": ["12", "11"]},
    {"id": "2", "total": "20.00", "lines": ["21"]},
]
ALL_AT_THE_LAST: list[Record] = [{**RIGHT[0], "lines": []}, {**RIGHT[1], "lines": ["11", "21", "12"]}]


def verdict(emitted: list[Record], stream: Stream = STREAM) -> Verdict:
    return compare(stream, TOOL, emitted, TRUTH.__getitem__)


def test_what_is_true_is_as_expected_whatever_its_order_and_its_zeros() -> None:
    found = verdict([RIGHT[1], RIGHT[0]])
    assert (found.missing, found.surplus, found.totals_wrong, found.lines, found.lines_wrong) == (0, 0, 0, 3, 0)
    assert found.as_expected


@pytest.mark.parametrize(
    "emitted",
    [
        pytest.param([], id="nothing at all"),
        pytest.param(RIGHT[:1], id="an order is missing"),
        pytest.param([*RIGHT, {**RIGHT[0], "id": "3"}], id="an order that is not there"),
        pytest.param([*RIGHT, RIGHT[0]], id="an order twice"),
        pytest.param([{**RIGHT[0], "total": "9.91"}, RIGHT[1]], id="a cent too much"),
        pytest.param([{**RIGHT[0], "lines": ["11"]}, RIGHT[1]], id="a line is missing"),
        pytest.param([{**RIGHT[0], "lines": ["11", "12", "12"]}, RIGHT[1]], id="a line twice"),
        pytest.param(ALL_AT_THE_LAST, id="lines at another order"),
    ],
)
def test_any_difference_is_not_as_expected(emitted: list[Record]) -> None:
    assert not verdict(emitted).as_expected


def test_lines_at_another_order_are_what_a_scattering_tool_is_known_for() -> None:
    found = verdict(ALL_AT_THE_LAST, SCATTERED)
    assert (found.lines_wrong, found.lines_misplaced, found.lines_lost) == (2, 2, 0)
    assert found.as_expected


def test_a_known_loss_that_does_not_show_is_not_as_expected() -> None:
    assert not verdict(RIGHT, SCATTERED).as_expected


def test_a_known_loss_excuses_no_line_that_is_nowhere() -> None:
    assert not verdict([ALL_AT_THE_LAST[0], {**ALL_AT_THE_LAST[1], "lines": ["11", "21"]}], SCATTERED).as_expected


def test_the_report_names_the_size_of_the_known_loss_and_what_was_not_expected() -> None:
    text = table([verdict(ALL_AT_THE_LAST, SCATTERED), replace(verdict(RIGHT[:1]), stream="customers")])
    assert "2 of 3 lines at another record" in text
    assert text.endswith("not as expected: tool customers")
    assert told(verdict(RIGHT))["as_expected"] is True
