"""The break ledger: every difference ever found, with its age, what became of it, and each step of that.

Here: a break's key, its sighting, closing, acceptance and reopening, and the runs. Nothing in it is deleted. Not here:
finding differences (``rules.py``), doing a repair (``steps/repair.py``), showing it (``explain.py``).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

from psycopg import Connection
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from shopify_pipeline.reconcile.rules import Difference, Policy, Verdict
from shopify_pipeline.statements import statements

SQL = statements(Path(__file__).with_name("ledger.sql"))
#: The rule that judges clearing accounts, one of each; the clearing score is its share without a break.
CLEARING = "Y6"

Conn = Connection[TupleRow]


def break_id(rule: str, shop: str, entity: str, key: str, number: int = 1) -> str:
    """Key of a break: the same difference has the same key in every run.

    Args:
        number: From 1, among what one rule says of one entity and key at once: none of it is lost.
    """
    parts = (rule, shop, entity, key) if number == 1 else (rule, shop, entity, key, str(number))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def counted_at(conn: Conn, shop: str) -> datetime | None:
    """The shop's clock when it was last counted; None unless both shop and back office have been read."""
    row = conn.execute(SQL["bounds"], {"shop": shop}).fetchone()
    return row[0] if row else None


def begin_run(conn: Conn, shop: str, as_of: datetime, now: datetime) -> int:
    """Write down that a run began."""
    row = conn.execute(SQL["run_begin"], {"shop": shop, "as_of": as_of, "now": now}).fetchone()
    if row is None:
        raise AssertionError("insert … returning returned no row")
    return int(row[0])


def end_run(conn: Conn, run_id: int, shop: str, verdicts: Sequence[Verdict], now: datetime) -> None:
    """Write down what each rule compared and found, and what is open when the run ends."""
    checked = {verdict.rule.name: verdict.checked for verdict in verdicts}
    told = {
        verdict.rule.name: {
            "checked": verdict.checked,
            "found": len(verdict.differences),
            "seconds": round(verdict.seconds, 3),
        }
        for verdict in verdicts
    }
    run = {"run_id": run_id, "shop": shop}
    conn.execute(
        SQL["run_end"],
        run | {"rules": Jsonb(told), "now": now, "rule_count": len(verdicts), "accounts": checked.get(CLEARING, 0)},
    )
    conn.execute(
        SQL["run_rules"],
        run
        | {
            "rules": [verdict.rule.name for verdict in verdicts],
            "titles": [verdict.rule.title for verdict in verdicts],
            "severities": [verdict.rule.severity for verdict in verdicts],
            "checked": [verdict.checked for verdict in verdicts],
            "seconds": [round(verdict.seconds, 3) for verdict in verdicts],
        },
    )
    conn.execute(SQL["run_amounts"], run)


def sight(
    conn: Conn,
    shop: str,
    verdicts: Sequence[Verdict],
    policies: Mapping[str, Policy],
    *,
    run_id: int,
    now: datetime,
    today: date,
) -> int:
    """Enter what was found now, close what was not, and write down what is new about each.

    Args:
        policies: What the shop says of single rules, by name; a rule whose repair is off has nothing proposed.
        today: The day it is in the shop's time zone, for acceptances that have a last day.

    Returns:
        How many breaks are gone by the repair that a policy asked for.
    """
    values = {"shop": shop, "run_id": run_id, "now": now, "today": today}
    conn.execute(SQL["sighted"])
    with conn.cursor() as cursor, cursor.copy(SQL["sighted_copy"]) as copy:
        for row in _sightings(shop, verdicts, policies):
            copy.write_row(row)
    conn.execute(SQL["sighted_analyze"])
    for name in ("events_of_sighted", "end_acceptances", "sight"):
        conn.execute(SQL[name], values)
    conn.execute(SQL["sighted_drop"])
    gone = conn.execute(SQL["close_unseen"], values).fetchone()
    return int(gone[0]) if gone else 0


def keep_residuals(conn: Conn, shop: str) -> int:
    """Name what conversion left in orders paid in another currency, and say how often; asks for ``judge`` before it."""
    conn.execute(SQL["clear_residuals"], {"shop": shop})
    return conn.execute(SQL["keep_residuals"], {"shop": shop}).rowcount


def open_counts(conn: Conn, shop: str) -> list[tuple[str, str, int]]:
    """(rule, class, open breaks)."""
    return [(rule, kind, count) for rule, kind, count in conn.execute(SQL["open_counts"], {"shop": shop}).fetchall()]


def beginning_with(conn: Conn, shop: str, beginning: str) -> list[str]:
    """Ids of breaks that begin so; no more than two, which is one too many."""
    rows = conn.execute(SQL["breaks_begin"], {"shop": shop, "beginning": beginning}).fetchall()
    return [row[0] for row in rows]


def accept(conn: Conn, shop: str, break_id: str, *, by: str, because: str, until: date | None, now: datetime) -> bool:
    """Accept one open break in a person's name; False when there is no such open break.

    Args:
        until: Last day it holds, in the shop's time zone; None: as long as both sides say what they say now.
    """
    values = {"shop": shop, "break_id": break_id, "by": by, "because": because, "until": until, "now": now}
    return conn.execute(SQL["accept"], values).fetchone() is not None


def to_repair(conn: Conn, shop: str, repairs: Sequence[tuple[str, str]]) -> list[str]:
    """Open breaks of these (rule, class) whose repair was not asked for since they are as they are."""
    rules, classes = [rule for rule, _ in repairs], [kind for _, kind in repairs]
    rows = conn.execute(SQL["to_repair"], {"shop": shop, "rules": rules, "classes": classes}).fetchall()
    return [row[0] for row in rows]


def open_entities(conn: Conn, shop: str, break_ids: Sequence[str]) -> dict[str, str]:
    """What these breaks are about, by id; those that are not open are left out."""
    rows = conn.execute(SQL["open_entities"], {"shop": shop, "break_ids": list(break_ids)}).fetchall()
    return dict(rows)


def ask_repair(conn: Conn, shop: str, break_ids: Sequence[str], *, who: str, is_automatic: bool, now: datetime) -> None:
    """Write down that the repair of open breaks was asked for; automatically it is asked for once."""
    values = {"shop": shop, "break_ids": list(break_ids), "who": who, "is_automatic": is_automatic, "now": now}
    conn.execute(SQL["ask_repair"], values)


def _sightings(shop: str, verdicts: Sequence[Verdict], policies: Mapping[str, Policy]) -> Iterator[tuple[object, ...]]:
    for verdict in verdicts:
        rule, told = verdict.rule, Counter[tuple[str, str]]()
        is_off = policies.get(rule.name, Policy()).repair == "off"
        for found in sorted(verdict.differences, key=_place):
            told[found.entity, found.key] += 1
            yield (
                break_id(rule.name, shop, found.entity, found.key, told[found.entity, found.key]),
                rule.name,
                found.kind,
                rule.severity,
                found.entity,
                found.key,
                found.expected,
                found.actual,
                found.difference,
                found.currency,
                found.message,
                None if is_off else rule.repair(found.kind),
                found.since,
            )


def _place(found: Difference) -> tuple[str, ...]:
    return found.entity, found.key, found.kind, found.expected or "", found.actual or ""
