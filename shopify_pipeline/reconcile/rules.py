"""The rules: what each compares (``rules.yaml``), its logic (``rules/*.sql``), and running them on one moment.

Here: reading them, and telling a break from what is within its tolerance or still on its way. Not here: any rule's
logic, and what becomes of a difference (``ledger.py``).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow

from shopify_pipeline.errors import ConfigError
from shopify_pipeline.money import minor_unit
from shopify_pipeline.statements import statements

FOLDER = Path(__file__).with_name("rules")
EXPECTED = statements(Path(__file__).with_name("expected.sql"))
IN_TRANSIT = "in_transit"
#: Both sides agree, and somebody should look nevertheless.
ATTENTION = "attention"
#: Classes of what is written down and is no break.
NO_BREAKS = frozenset({IN_TRANSIT, ATTENTION})

System = Literal["shop", "warehouse", "backoffice", "value map"]
Severity = Literal["error", "warning"]


class Repair(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to do about a difference of one class.

    Attributes:
        by: ``push``: the next push can do it, because it only adds what is missing; ``person``: only somebody can.
    """

    by: Literal["push", "person"]
    do: str


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One rule, as ``rules.yaml`` describes it.

    Attributes:
        title: What holds when the rule finds nothing.
        systems: Who is expected to be right, and who is judged.
        key: What one break is about.
        repairs: What to do, by class.
        severity: How bad a break is.
        lag: Seconds a fact may be on its way; None: as long as the settings say.
        tolerance: Minor units of the break's currency that do not count.
        name: ``O5`` of ``rules/O5_current_total.sql``.
    """

    title: str
    systems: tuple[System, System]
    key: str
    repairs: dict[str, Repair]
    severity: Severity
    lag: int | None = None
    tolerance: int = 0
    name: str = ""

    def repair(self, kind: str) -> str:
        """What to do about a difference of this class."""
        return "wait: it is younger than the lag" if kind == IN_TRANSIT else self.repairs[kind].do

    @property
    def path(self) -> Path:
        """Its logic."""
        (path,) = FOLDER.glob(f"{self.name}_*.sql")
        return path


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What a shop says of one rule; None leaves it as the rule is.

    Attributes:
        tolerance: Minor units.
        lag: How old a fact must be.
        repair: What is done about its breaks: nothing is even proposed, a person decides, or what only adds is done.
    """

    tolerance: int | None = None
    lag: timedelta | None = None
    repair: Literal["off", "propose", "auto"] = "propose"


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """What every rule is told.

    Attributes:
        as_of: The shop's clock when it was counted, UTC.
        lag: How old a fact must be before its absence is a break, for rules that do not say it themselves.
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
        entity: What it is about: ``orders/<id>``, ``variants/<id>``, ``days/<day>`` …
        key: Which part of it; empty when it is the whole.
        kind: Class of the break (column ``class``).
        difference: What the judged side has too much, in ``currency`` (units for a quantity, without one).
        since: When the fact happened, UTC; None when no time will cure it.
    """

    entity: str
    key: str
    kind: str
    expected: str | None
    actual: str | None
    difference: Decimal | None
    currency: str | None
    since: datetime | None
    message: str


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule says: how many things it compared, what differs, and how long that took."""

    rule: Rule
    checked: int
    differences: list[Difference]
    seconds: float


@cache
def rules() -> dict[str, Rule]:
    """Every rule there is, by name, in the order of ``rules.yaml``."""
    described = msgspec.yaml.decode(Path(__file__).with_name("rules.yaml").read_bytes(), type=dict[str, Rule])
    return {name: msgspec.structs.replace(rule, name=name) for name, rule in described.items()}


def judge(
    conn: Connection[TupleRow],
    bounds: Bounds,
    policies: Mapping[str, Policy],
    monotonic: Callable[[], float] = time.monotonic,
) -> list[Verdict]:
    """Work out what the books should hold, then run every rule.

    Args:
        conn: Inside a REPEATABLE READ transaction, so that all rules see one moment.
        policies: What the shop says of single rules, by name.
        monotonic: Seconds that never run backwards.

    Raises:
        ConfigError: A policy is of a rule there is not.
    """
    unknown = sorted(set(policies) - set(rules()))
    if unknown:
        raise ConfigError(f"no rule {', '.join(unknown)}; there are {', '.join(rules())}")
    parameters = msgspec.structs.asdict(bounds)
    for statement in EXPECTED.values():
        conn.execute(statement, parameters if "%(" in statement else None)
    return [_run(conn, rule, policies.get(name, Policy()), bounds, monotonic) for name, rule in rules().items()]


def _run(
    conn: Connection[TupleRow], rule: Rule, policy: Policy, bounds: Bounds, monotonic: Callable[[], float]
) -> Verdict:
    sql = statements(rule.path)
    begun_at = monotonic()
    parameters = msgspec.structs.asdict(bounds)
    counted = conn.execute(sql["checked"], parameters).fetchone()
    found = [Difference(*row) for row in conn.execute(sql["differences"], parameters).fetchall()]
    tolerance = rule.tolerance if policy.tolerance is None else policy.tolerance
    standard = bounds.lag if rule.lag is None else timedelta(seconds=rule.lag)
    lag = standard if policy.lag is None else policy.lag
    return Verdict(
        rule=rule,
        checked=int(counted[0]) if counted else 0,
        differences=[
            aged
            for each in found
            if not _is_within(each, tolerance) and (aged := _aged(each, bounds.as_of - lag)) is not None
        ],
        seconds=monotonic() - begun_at,
    )


def _is_within(found: Difference, tolerance: int) -> bool:
    if found.difference is None or found.currency is None or not tolerance:
        return False
    return abs(found.difference) <= tolerance * minor_unit(found.currency)


def _aged(found: Difference, missed_from: datetime) -> Difference | None:
    """A fact that is younger than its lag is on its way, and asks for nobody's attention yet."""
    if found.since is None or found.since <= missed_from:
        return found
    return None if found.kind == ATTENTION else msgspec.structs.replace(found, kind=IN_TRANSIT)
