"""What a night must find: names of breaks with their differences, and how those of several tamperings add up.

Here: adding and comparing. Not here: what a tampering causes, and any rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple


class Name(NamedTuple):
    """What one break is known by."""

    rule: str
    kind: str
    entity: str
    key: str = ""


#: By name, what the judged side has too much; None where there is no number to tell.
Findings = Mapping[Name, Decimal | None]


#: Classes of breaks that stand whether their amounts differ or not.
WITHOUT_AMOUNT = ("orphan", "status_mismatch", "manual_edit")


def added(all_findings: Iterable[Findings]) -> dict[Name, Decimal | None]:
    """What several tamperings cause together: differences of one name add up, and what offsets is not found."""
    total: dict[Name, Decimal | None] = {}
    for findings in all_findings:
        for name, difference in findings.items():
            before = total.get(name)
            total[name] = difference if before is None or difference is None else before + difference
    return {name: difference for name, difference in total.items() if difference or name.kind in WITHOUT_AMOUNT}


def apart(expected: Findings, found: Findings) -> list[str]:
    """What is missing and what is unexpected, one line each; nothing when the two are equal."""
    return [
        *(f"missing {line}" for line in _lines(expected, found)),
        *(f"unexpected {line}" for line in _lines(found, expected)),
    ]


def _lines(these: Findings, those: Findings) -> list[str]:
    return [
        f"{name.rule} {name.kind} {name.entity} {name.key!r} {difference}"
        for name, difference in sorted(these.items(), key=lambda item: item[0])
        if name not in those or those[name] != difference
    ]
