"""Where the bars and lines of a chart lie: geometry in the units of its SVG, no markup.

Here: pure functions from figures to coordinates. Not here: colours and drawing (``macros.html``), any figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import groupby

import msgspec

from shopify_pipeline.report.night import AGES, Aged

BAR_WIDTH = 520.0
LINE_WIDTH = 520.0
LINE_HEIGHT = 120.0


class Segment(msgspec.Struct, frozen=True):
    """A piece of a bar; ``place`` is the place of its age, youngest first."""

    x: float
    width: float
    place: int
    age: str
    breaks: int


class Bar(msgspec.Struct, frozen=True):
    """One rule's open breaks, by age."""

    rule: str
    breaks: int
    segments: list[Segment]


class Line(msgspec.Struct, frozen=True):
    """A line through the runs: its points, and the value its upper edge stands for."""

    points: list[tuple[float, float]]
    top: Decimal

    @property
    def path(self) -> str:
        """The points as an SVG polyline wants them."""
        return " ".join(f"{x:g},{y:g}" for x, y in self.points)

    @property
    def area(self) -> str:
        """The polygon between line and axis."""
        (first, _), (last, _) = self.points[0], self.points[-1]
        return f"{first:g},{LINE_HEIGHT:g} {self.path} {last:g},{LINE_HEIGHT:g}"


def bars(ages: Sequence[Aged]) -> list[Bar]:
    """A bar per rule, the longest first; its length is its share of the longest.

    Args:
        ages: By rule, in any order.
    """
    by_rule = {
        rule: {each.age: each.breaks for each in group}
        for rule, group in groupby(sorted(ages, key=lambda each: each.rule), key=lambda each: each.rule)
    }
    longest = max((sum(counts.values()) for counts in by_rule.values()), default=0)
    ranked = sorted(by_rule.items(), key=lambda item: (-sum(item[1].values()), item[0]))
    return [_bar(rule, counts, longest) for rule, counts in ranked]


def line(values: Sequence[Decimal | int]) -> Line:
    """A line from left to right, from zero to the highest value; a single value stands at the right."""
    top = Decimal(max(values, default=0))
    step = LINE_WIDTH / max(len(values) - 1, 1)
    start = 0.0 if len(values) > 1 else LINE_WIDTH
    return Line(
        [
            (round(start + step * place, 1), round(LINE_HEIGHT * (1 - float(value / top if top else 0)), 1))
            for place, value in enumerate(values)
        ],
        top,
    )


def _bar(rule: str, counts: dict[str, int], longest: int) -> Bar:
    segments = []
    x = 0.0
    for place, age in enumerate(AGES):
        breaks = counts.get(age, 0)
        width = round(BAR_WIDTH * breaks / longest, 1)
        if breaks:
            segments.append(Segment(round(x, 1), width, place, age, breaks))
        x += width
    return Bar(rule, sum(counts.values()), segments)
