"""Reconcile: shop, warehouse and back office are compared rule by rule; each difference becomes or stays a break.

Here: the one REPEATABLE READ transaction around rules and ledger. Not here: any rule, and reading either side
(``census.py``, ``snapshot.py``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from psycopg import Connection
from psycopg.errors import SerializationFailure
from psycopg.rows import TupleRow

from shopify_pipeline.backoffice.mapping import Recognition
from shopify_pipeline.backoffice.push_log import store_value_map
from shopify_pipeline.backoffice.value_map import ValueMap
from shopify_pipeline.clock import Clock
from shopify_pipeline.errors import PermanentError, TransientError
from shopify_pipeline.reconcile import ledger
from shopify_pipeline.reconcile.rules import NO_BREAKS, Bounds, Policy, judge

#: Rules hash and sort whole readings, which on disk takes several times as long; compiling a statement that runs once
#: gains nothing.
FOR_RULES = ("set local work_mem = '64MB'", "set local jit = off")
NO_POLICIES: Mapping[str, Policy] = {}


@dataclass(frozen=True)
class Reconciled:
    """What one run found.

    Attributes:
        as_of: The shop's clock when it was counted.
        by_class: Open breaks by class; ``in_transit`` ones are not late yet, ``attention`` is no difference.
        by_rule: Open breaks by rule, without those two classes.
        checked: Things compared by rule; a rule that compared nothing proves nothing.
        residuals: Figures of orders that conversion alone left apart; no breaks.
        repaired: Breaks that are gone by a repair the shop's policy asked for.
    """

    run_id: int
    as_of: datetime
    by_class: dict[str, int]
    by_rule: dict[str, int]
    checked: dict[str, int]
    residuals: int
    repaired: int

    @property
    def open_breaks(self) -> int:
        """Open breaks, without those two classes."""
        return sum(self.by_rule.values())


def reconcile(
    conn: Connection[TupleRow],
    *,
    shop: str,
    value_map: ValueMap,
    go_live_on: date,
    time_zone: str,
    lag_seconds: int,
    clock: Clock,
    recognition: Recognition = "order",
    policies: Mapping[str, Policy] = NO_POLICIES,
) -> Reconciled:
    """Run every rule on the last census and the last snapshot, and bring the break ledger up to date.

    Args:
        conn: A connection outside any transaction.
        lag_seconds: A difference whose fact is younger than this is in transit, not a break of its own class.
        policies: What the shop says of single rules.

    Raises:
        PermanentError: The shop has not been counted, or the back office not been read.
        TransientError: Another run of the same shop committed meanwhile; nothing was written.
    """
    now = clock.now()
    try:
        with conn.transaction():
            conn.execute("set transaction isolation level repeatable read")
            for setting in FOR_RULES:
                conn.execute(setting)
            as_of = ledger.counted_at(conn, shop)
            if as_of is None:
                raise PermanentError(f"{shop} cannot be reconciled yet: take a census and a snapshot first")
            store_value_map(conn, shop, value_map)
            run_id = ledger.begin_run(conn, shop, as_of, now)
            bounds = Bounds(
                shop=shop,
                as_of=as_of,
                lag=timedelta(seconds=lag_seconds),
                go_live_on=go_live_on,
                time_zone=time_zone,
                value_map=value_map.source,
                recognition=recognition,
            )
            verdicts = judge(conn, bounds, policies)
            today = now.astimezone(ZoneInfo(time_zone)).date()
            repaired = ledger.sight(conn, shop, verdicts, policies, run_id=run_id, now=now, today=today)
            residuals = ledger.keep_residuals(conn, shop)
            ledger.end_run(conn, run_id, shop, verdicts, clock.now())
            counts = ledger.open_counts(conn, shop)
    except SerializationFailure as exc:
        raise TransientError(f"another reconciliation of {shop} ran at the same time; run it again") from exc
    by_class: Counter[str] = Counter()
    by_rule: Counter[str] = Counter()
    for rule, kind, count in counts:
        by_class[kind] += count
        if kind not in NO_BREAKS:
            by_rule[rule] += count
    checked = {verdict.rule.name: verdict.checked for verdict in verdicts}
    return Reconciled(run_id, as_of, dict(by_class), dict(by_rule), checked, residuals, repaired)
