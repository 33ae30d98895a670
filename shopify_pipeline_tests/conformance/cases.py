"""What a conformance case is: one sentence about Shopify's Admin API, where it is known from, and a test of it.

Here: the marks. Not here: the store that is asked (``asked.py``), the cases themselves (``test_*.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

import pytest

Status = Literal["observed", "documented", "assumed"]
Test = TypeVar("Test", bound=Callable[..., object])
Area = Literal[
    "validation",
    "versions",
    "errors",
    "scopes",
    "cost",
    "search",
    "paging",
    "bulk",
    "tokens",
    "webhooks",
    "writes",
    "ledger",
    "returns",
    "shipping",
    "credit",
    "payouts",
    "metafields",
]


@dataclass(frozen=True)
class Source:
    """Where a sentence is known from.

    Attributes:
        where: ``observed``: what a real store answered, quoted, and where it is recorded; ``documented``: the page;
            ``assumed``: why it is thought so.
    """

    status: Status
    where: str


@dataclass(frozen=True)
class Case:
    """One case. ``traps`` are the numbers of the known client traps it is about; ``sentence`` is the test's docstring.

    Attributes:
        steered: The case changes or disturbs the store, which only the sandbox allows.
    """

    name: str
    area: Area
    source: Source
    sentence: str
    steered: bool
    traps: tuple[int, ...]


def observed(quote: str) -> Source:
    return Source("observed", quote)


def documented(page: str) -> Source:
    return Source("documented", page)


def assumed(reason: str) -> Source:
    return Source("assumed", reason)


def case(area: Area, source: Source, *, steered: bool = False, traps: tuple[int, ...] = ()) -> Callable[[Test], Test]:
    """Mark a test as a conformance case; its docstring is the sentence it proves."""

    def marked(test: Test) -> Test:
        sentence = " ".join((test.__doc__ or "").split())
        if not sentence:
            raise ValueError(f"{test.__name__} needs a docstring: the sentence it proves")
        test.case = Case(test.__name__, area, source, sentence, steered, traps)  # type: ignore[attr-defined]
        marks = [getattr(pytest.mark, source.status), *([pytest.mark.steered] if steered else [])]
        for mark in marks:
            test = mark(test)
        return test

    return marked
