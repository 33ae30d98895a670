"""The rules: one ``rules/*.sql`` file each, run in the caller's REPEATABLE READ transaction.

Here: reading the files and running them. Not here: what becomes of a difference (``ledger.py``), and any rule's logic.
A file's header says what is compared; its ``-- repair <class>:`` lines say what to do about a difference of that class.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow

from shopify_pipeline.statements import statements

FOLDER = Path(__file__).with_name("rules")
EXPECTED = statements(Path(__file__).with_name("expected.sql"))
IN_TRANSIT = "in_transit"

_REPAIR = re.compile(r"^-- repair (\w+): (.+)$", re.MULTILINE)


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule.

    Attributes:
        name: ``O5`` of ``O5_current_total.sql``.
        title: What holds when the rule finds nothing.
        repairs: What to do, by class.
    """

    name: str
    title: str
    path: Path
    repairs: dict[str, str]

    def repair(self, kind: str) -> str:
        """What to do about a difference of this class."""
        return "wait: it is younger than the lag" if kind == IN_TRANSIT else self.repairs[kind]


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """What every rule is told.

    Attributes:
        as_of: The shop's clock when it was counted, UTC.
        lag: How old a fact must be before its absence is a break.
        go_live_on: First day of the books in ``time_zone``.
        value_map: Name of the value map's file, for messages.
        recognition: When goods are revenue: with their ``order``, or by their ``fulfillment``.
    """

    shop: str
    as_of: datetime
    lag: timedelta
    go_live_on: date
    time_zone: str
    value_map: str
    recognition: str


class Difference(msgspec.Struct, frozen=True):
    """One difference a rule found: the columns every rule's ``differences`` has, in this order.

    Attributes:
        kind: Class of the break.
        amount: What the back office has too much, in ``currency`` (units for a quantity).
        since: When the fact happened in the shop, UTC.
    """

    entity: str
    sub_key: str
    kind: str
    shop_value: str | None
    backoffice_value: str | None
    amount: Decimal | None
    currency: str | None
    since: datetime
    message: str


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule says: how many things it compared, and what differs."""

    rule: Rule
    checked: int
    differences: list[Difference]


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule there is, by name."""
    return tuple(_rule(path) for path in sorted(FOLDER.glob("*.sql")))


def judge(conn: Connection[TupleRow], bounds: Bounds) -> list[Verdict]:
    """Work out what the books should hold, then run every rule.

    Args:
        conn: Inside a REPEATABLE READ transaction, so that all rules see one moment.
    """
    parameters = msgspec.structs.asdict(bounds)
    for statement in EXPECTED.values():
        conn.execute(statement, parameters if "%(" in statement else None)
    return [_run(conn, rule, parameters) for rule in rules()]


def _run(conn: Connection[TupleRow], rule: Rule, parameters: dict[str, object]) -> Verdict:
    sql = statements(rule.path)
    counted = conn.execute(sql["checked"], parameters).fetchone()
    differences = [Difference(*row) for row in conn.execute(sql["differences"], parameters).fetchall()]
    return Verdict(rule=rule, checked=int(counted[0]) if counted else 0, differences=differences)


def _rule(path: Path) -> Rule:
    text = path.read_text()
    return Rule(
        name=path.stem.partition("_")[0],
        title=text.partition("\n")[0].removeprefix("-- "),
        path=path,
        repairs=dict(_REPAIR.findall(text)),
    )
