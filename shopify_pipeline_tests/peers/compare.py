"""What an extractor emitted, held against what is true: ids, totals, line counts.

Belongs here: the comparison, pure. What is compared for which tool is in the tool's module; the report is ``run.py``.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

Record = Mapping[str, Any]
Row = Mapping[str, str | None]


@dataclass(frozen=True)
class Total:
    """An amount of each record.

    Attributes:
        column: Its column in the truth.
        read: Reads it from an emitted record.
    """

    column: str
    read: Callable[[Record], Decimal]


@dataclass(frozen=True)
class Lines:
    """The children a record carries.

    Attributes:
        table: Their table in the truth.
        key: The column of their id.
        parent: The column of their parent's id.
        read: Reads their ids from an emitted record.
        scattered: Whether this tool is known to give children to another parent than their own.
    """

    table: str
    key: str
    parent: str
    read: Callable[[Record], Sequence[str]]
    scattered: bool = False


@dataclass(frozen=True)
class Stream:
    """What is compared of one stream.

    Attributes:
        table: Its table in the truth.
        key: The columns of a record's id.
        read_key: Reads the id from an emitted record; several parts have a bar between them.
    """

    name: str
    table: str
    key: tuple[str, ...]
    read_key: Callable[[Record], str]
    total: Total | None = None
    lines: Lines | None = None


@dataclass(frozen=True)
class Verdict:
    """How one stream of one tool compares.

    Attributes:
        records: Records emitted.
        missing: Ids that are true and were not emitted.
        surplus: Ids emitted that are not true, and ids emitted once more than once.
        totals_wrong: Records whose amount is another; None when no amount is compared.
        lines: Children emitted; None when no children are compared.
        lines_wrong: Records that carry other children than their own.
        lines_misplaced: Children that a record carries and that are not its own.
        lines_lost: Children that no record carries, plus those carried that do not exist or more than once.
        known_loss: Whether wrong lines are what this tool is known for.
    """

    tool: str
    version: str
    stream: str
    records: int
    missing: int
    surplus: int
    totals_wrong: int | None
    lines: int | None
    lines_wrong: int | None
    lines_misplaced: int | None
    lines_lost: int | None
    known_loss: bool

    @property
    def as_expected(self) -> bool:
        """Everything equal, or nothing wrong but the known loss, which has to show."""
        if self.missing or self.surplus or self.totals_wrong or self.lines_lost or not self.records:
            return False
        return bool(self.lines_wrong) == self.known_loss


def compare(
    stream: Stream, tool: tuple[str, str], emitted: Sequence[Record], truth: Callable[[str], Sequence[Row]]
) -> Verdict:
    """Hold what a tool emitted of a stream against the truth.

    Args:
        tool: Name and version.
        truth: Gives the true rows of a table.
    """
    rows = truth(stream.table)
    true_ids = Counter(_id(row, stream) for row in rows)
    ids = Counter(stream.read_key(record) for record in emitted)
    found = _lines(stream, emitted, truth) if stream.lines else (None,) * 4
    return Verdict(
        *tool,
        stream=stream.name,
        records=len(emitted),
        missing=(true_ids - ids).total(),
        surplus=(ids - true_ids).total(),
        totals_wrong=_totals_wrong(stream, emitted, rows) if stream.total else None,
        lines=found[0],
        lines_wrong=found[1],
        lines_misplaced=found[2],
        lines_lost=found[3],
        known_loss=stream.lines is not None and stream.lines.scattered,
    )


def _id(row: Row, stream: Stream) -> str:
    return "|".join(str(row[column]) for column in stream.key)


def _totals_wrong(stream: Stream, emitted: Sequence[Record], rows: Sequence[Row]) -> int:
    assert stream.total is not None
    total = stream.total
    amounts = {_id(row, stream): Decimal(str(row[total.column])) for row in rows}
    return sum(total.read(record) != amounts.get(stream.read_key(record)) for record in emitted)


def _lines(
    stream: Stream, emitted: Sequence[Record], truth: Callable[[str], Sequence[Row]]
) -> tuple[int, int, int, int]:
    """Children emitted, records with others than their own, children at another record, children lost or made up."""
    assert stream.lines is not None
    lines = stream.lines
    own: dict[str, Counter[str]] = {}
    for row in truth(lines.table):
        own.setdefault(str(row[lines.parent]), Counter())[str(row[lines.key])] += 1
    carried = [(stream.read_key(record), Counter(lines.read(record))) for record in emitted]
    wrong = sum(children != own.get(parent, Counter()) for parent, children in carried)
    misplaced = sum((children - own.get(parent, Counter())).total() for parent, children in carried)
    everything = sum((children for _, children in carried), Counter())
    true = sum(own.values(), Counter())
    return everything.total(), wrong, misplaced, (true - everything).total() + (everything - true).total()
