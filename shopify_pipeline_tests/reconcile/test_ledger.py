"""The break ledger: a difference has one life, from its first sighting to its closing, and nothing is forgotten.

What rules find is made up here; that a run fills the ledger with what they find is asked once, of a real one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from shopify_pipeline.errors import PermanentError
from shopify_pipeline.reconcile import ledger
from shopify_pipeline.reconcile.explain import breaks, history
from shopify_pipeline.reconcile.ledger import break_id
from shopify_pipeline.reconcile.rules import Difference, Policy, Verdict, rules
from shopify_pipeline.steps.repair import accept
from shopify_pipeline.warehouse.connect import Connection, connect
from shopify_pipeline_tests.reconcile.a_shop import NOON, AShop
from shopify_pipeline_tests.reconcile.company import NOW
from shopify_pipeline_tests.reconcile.warehouse_rows import SHOP

DAY = date(2026, 11, 20)
FOUND = Difference(
    entity="orders/1",
    key="",
    kind="amount_mismatch",
    expected="10.00",
    actual="10.01",
    difference=Decimal("0.01"),
    currency="USD",
    since=NOON,
    message="order #1001 was invoiced 10.01, not 10.00",
)


def changed(**values: Any) -> Difference:
    return Difference(**{name: getattr(FOUND, name) for name in FOUND.__struct_fields__} | values)


@dataclass
class Nights:
    """Runs one day after the other, each with what one rule found."""

    conn: Connection
    nights: int = 0

    def run(
        self,
        *found: Difference,
        rule: str = "O5",
        policies: Mapping[str, Policy] | None = None,
        shop: str = SHOP,
    ) -> int:
        """A run that finds this; how many breaks were gone by a repair."""
        now = self.now()
        with self.conn.transaction():
            run_id = ledger.begin_run(self.conn, shop, now, now)
            verdicts = [Verdict(rule=rules()[rule], checked=7, differences=list(found), seconds=0.5)]
            today = DAY + timedelta(days=self.nights)
            repaired = ledger.sight(self.conn, shop, verdicts, policies or {}, run_id=run_id, now=now, today=today)
            ledger.end_run(self.conn, run_id, shop, verdicts, now)
        self.nights += 1
        return repaired

    def now(self) -> datetime:
        return datetime(2026, 11, 20, 7, tzinfo=UTC) + timedelta(days=self.nights)

    def accept(self, until: date | None = None) -> None:
        with self.conn.transaction():
            (one,) = breaks(self.conn, SHOP)
            assert ledger.accept(
                self.conn,
                SHOP,
                one["break_id"],
                by="controller",
                because="the customer paid a cent more",
                until=until,
                now=self.now(),
            )

    def ask_repair(self, *, is_automatic: bool) -> None:
        with self.conn.transaction():
            (one,) = breaks(self.conn, SHOP)
            ledger.ask_repair(
                self.conn, SHOP, [one["break_id"]], who="policy", is_automatic=is_automatic, now=self.now()
            )

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.conn.transaction():
            return self.conn.execute(query).fetchall()  # type: ignore[arg-type]

    def statuses(self) -> list[str]:
        return [row[0] for row in self.rows("select status from recon.breaks order by entity, key, actual")]

    def events(self) -> list[str]:
        return [row[0] for row in self.rows("select event from recon.break_events order by event_id")]


@pytest.fixture
def nights(warehouse_dsn: str) -> Iterator[Nights]:
    with connect(warehouse_dsn) as conn:
        yield Nights(conn)


def test_a_break_opens_closes_and_opens_again_and_keeps_its_first_sighting(nights: Nights) -> None:
    nights.run(FOUND)
    nights.run(FOUND)
    nights.run()
    assert nights.statuses() == ["closed"]
    nights.run(FOUND)
    assert nights.events() == ["opened", "closed", "reopened"]
    ((status, first, last, runs, closed),) = nights.rows(
        "select status, first_seen, last_seen, runs_seen, closed_at from recon.breaks"
    )
    start = datetime(2026, 11, 20, 7, tzinfo=UTC)
    assert (status, first, last, runs, closed) == ("open", start, start + timedelta(days=3), 3, None)


def test_history_says_what_both_sides_said_whenever_that_changed(nights: Nights) -> None:
    nights.run(FOUND)
    nights.run(FOUND)
    nights.run(changed(actual="12.00", difference=Decimal(2)))
    nights.run(changed(actual="12.00", difference=Decimal(2), message="the same in other words"))
    assert nights.rows("select event, expected, actual, difference from recon.break_events order by event_id") == [
        ("opened", "10.00", "10.01", Decimal("0.01")),
        ("changed", "10.00", "12.00", Decimal(2)),
    ]
    assert nights.rows("select message from recon.breaks") == [("the same in other words",)]


def test_a_break_in_transit_becomes_overdue(nights: Nights) -> None:
    nights.run(changed(kind="in_transit"))
    nights.run(FOUND)
    assert nights.events() == ["opened", "overdue"]
    assert nights.rows("select class, proposed_repair like 'wait%' from recon.breaks") == [("amount_mismatch", False)]


def test_two_differences_of_one_rule_about_the_same_thing_are_two_breaks(nights: Nights) -> None:
    other = changed(actual="11.00", difference=Decimal(1))
    nights.run(other, FOUND)
    nights.run(FOUND, other)
    assert nights.statuses() == ["open", "open"]
    assert nights.events() == ["opened", "opened"]


def test_an_accepted_break_stays_accepted_until_a_side_changes(nights: Nights) -> None:
    nights.run(FOUND)
    nights.accept()
    nights.run(FOUND)
    assert nights.statuses() == ["accepted"]
    nights.run(changed(actual="110.01", difference=Decimal("100.01")))
    assert nights.statuses() == ["open"]
    assert nights.rows("select accepted_by, accepted_because, accepted_at, accepted_until from recon.breaks") == [
        (None, None, None, None)
    ]
    assert nights.rows("select event, who, why from recon.break_events order by event_id") == [
        ("opened", None, None),
        ("accepted", "controller", "the customer paid a cent more"),
        ("acceptance_ended", "controller", "the two sides say something else"),
    ]


def test_an_acceptance_with_a_last_day_holds_on_that_day_and_not_on_the_next(nights: Nights) -> None:
    nights.run(FOUND)
    nights.accept(until=DAY + timedelta(days=1))
    nights.run(FOUND)
    assert nights.statuses() == ["accepted"]
    nights.run(FOUND)
    assert nights.statuses() == ["open"]
    assert nights.rows("select why from recon.break_events where event = 'acceptance_ended'") == [
        ("its last day is past",)
    ]


def test_an_accepted_break_that_is_gone_is_closed_and_open_when_it_returns(nights: Nights) -> None:
    nights.run(FOUND)
    nights.accept()
    nights.run()
    assert nights.statuses() == ["closed"]
    nights.run(FOUND)
    assert nights.statuses() == ["open"]


def test_a_break_nobody_put_a_name_to_cannot_be_accepted(nights: Nights) -> None:
    nights.run(FOUND)
    with pytest.raises(psycopg.errors.CheckViolation, match="breaks_accepted_by_somebody"):
        nights.rows("update recon.breaks set status = 'accepted', accepted_by = '', accepted_because = '' returning 1")


def test_a_break_not_seen_after_its_automatic_repair_was_repaired_by_it(nights: Nights) -> None:
    nights.run(FOUND)
    nights.ask_repair(is_automatic=True)
    assert nights.run() == 1
    assert nights.statuses() == ["auto_repaired"]
    assert nights.events() == ["opened", "repair_asked", "auto_repaired"]
    nights.run(FOUND)
    assert nights.statuses() == ["open"]


def test_a_break_seen_after_its_automatic_repair_was_not_repaired_by_it(nights: Nights) -> None:
    nights.run(FOUND)
    nights.ask_repair(is_automatic=True)
    nights.run(FOUND)
    assert nights.statuses() == ["open"]
    assert nights.run() == 0
    assert nights.statuses() == ["closed"]


def test_a_repair_a_person_asked_for_closes_the_break_as_any_other(nights: Nights) -> None:
    nights.run(FOUND)
    nights.ask_repair(is_automatic=False)
    nights.run()
    assert nights.statuses() == ["closed"]


def test_the_same_break_is_repaired_automatically_once_and_again_when_it_changed_or_came_back(nights: Nights) -> None:
    def asked_for() -> int:
        with nights.conn.transaction():
            return len(ledger.to_repair(nights.conn, SHOP, [("O5", "amount_mismatch")]))

    nights.run(FOUND)
    assert asked_for() == 1
    nights.ask_repair(is_automatic=True)
    nights.run(FOUND)
    assert asked_for() == 0
    nights.run(changed(actual="12.00"))
    assert asked_for() == 1
    nights.ask_repair(is_automatic=True)
    nights.run()
    nights.run(changed(actual="12.00"))
    assert asked_for() == 1


def test_only_breaks_of_the_rules_and_classes_named_are_repaired(nights: Nights) -> None:
    nights.run(FOUND)
    for named in ([], [("O5", "missing_backoffice")], [("O6", "amount_mismatch")]):
        with nights.conn.transaction():
            assert ledger.to_repair(nights.conn, SHOP, named) == []


def test_nothing_is_proposed_where_the_policy_is_off(nights: Nights) -> None:
    nights.run(FOUND, policies={"O5": Policy(repair="off")})
    assert nights.rows("select proposed_repair from recon.breaks") == [(None,)]
    nights.run(FOUND, policies={"O5": Policy(repair="propose")})
    assert nights.rows("select proposed_repair is null from recon.breaks") == [(False,)]


@pytest.mark.parametrize(
    "statement",
    ["update recon.break_events set why = ''", "delete from recon.break_events", "truncate recon.break_events"],
)
def test_history_refuses_to_be_changed(nights: Nights, statement: str) -> None:
    nights.run(FOUND)
    with pytest.raises(psycopg.errors.RaiseException, match="break_events is only ever added to"):
        nights.rows(statement)
    assert nights.events() == ["opened"]


@pytest.mark.parametrize(
    ("days", "bucket"),
    [(0, "0-1 d"), (1, "0-1 d"), (2, "2-3 d"), (3, "2-3 d"), (4, "4-7 d"), (7, "4-7 d"), (8, "8-30 d"), (31, "> 30 d")],
)
def test_age_is_from_when_the_fact_happened_to_when_it_was_last_seen(nights: Nights, days: int, bucket: str) -> None:
    nights.run(changed(since=nights.now() - timedelta(days=days, hours=3)))
    assert nights.rows("select age_days, age_bucket from recon.open_breaks") == [(days, bucket)]


def test_age_without_such_a_moment_is_from_the_first_sighting(nights: Nights) -> None:
    for _ in range(4):
        nights.run(changed(since=None))
    assert nights.rows("select age_days, age_bucket from recon.open_breaks") == [(3, "2-3 d")]


def test_amount_at_risk_is_money_and_never_units(nights: Nights) -> None:
    nights.run(
        changed(difference=Decimal("-3.50")),
        changed(key="units", difference=Decimal(4), currency=None),
        changed(entity="orders/2", difference=Decimal("1.25")),
        changed(entity="orders/3", difference=Decimal(9), kind="in_transit"),
        changed(entity="orders/4", difference=Decimal(5), currency="EUR"),
    )
    assert nights.rows("select entity, amount_at_risk from recon.open_breaks order by entity, key") == [
        ("orders/1", Decimal("3.50")),
        ("orders/1", None),
        ("orders/2", Decimal("1.25")),
        ("orders/3", Decimal(9)),
        ("orders/4", Decimal(5)),
    ]
    assert nights.rows("select open_breaks, in_transit, amount_at_risk from recon.runs") == [
        (4, 1, {"USD": "4.75", "EUR": "5"})
    ]
    assert nights.rows("select rule, currency, open_breaks, amount_at_risk from recon.run_amounts order by 2") == [
        ("O5", "EUR", 1, Decimal(5)),
        ("O5", "USD", 2, Decimal("4.75")),
    ]


def test_a_run_keeps_what_each_rule_checked_found_and_left(nights: Nights) -> None:
    nights.run(FOUND, changed(key="other", kind="in_transit"))
    assert nights.rows("select rules, rules_score, clearing_score from recon.runs") == [
        ({"O5": {"checked": 7, "found": 2, "seconds": 0.5}}, Decimal(0), None)
    ]
    assert nights.rows("select rule, severity, checked, open_breaks, in_transit, accepted from recon.run_rules") == [
        ("O5", "error", 7, 1, 1, 0)
    ]


def test_the_clearing_score_is_the_share_of_clearing_accounts_without_a_break(nights: Nights) -> None:
    nights.run(changed(entity="accounts/1100"), changed(entity="accounts/1110"), rule="Y6")
    assert nights.rows("select clearing_score from recon.runs") == [(Decimal("0.7143"),)]


def test_breaks_of_another_shop_are_left_alone(nights: Nights) -> None:
    nights.run(FOUND, shop="other.myshopify.com")
    nights.run()
    assert nights.rows("select shop, status from recon.breaks") == [("other.myshopify.com", "open")]


def test_many_breaks_are_entered_and_closed_as_one_set(nights: Nights) -> None:
    many = [changed(entity=f"orders/{number}") for number in range(10_000)]
    nights.run(*many)
    nights.run(*many[:4_000])
    assert nights.rows("select status, runs_seen, count(*) from recon.breaks group by 1, 2 order by 1") == [
        ("closed", 1, 6_000),
        ("open", 2, 4_000),
    ]
    assert nights.rows("select event, count(*) from recon.break_events group by 1 order by 1") == [
        ("closed", 6_000),
        ("opened", 10_000),
    ]


def test_the_key_of_a_break_tells_rule_shop_entity_and_part_apart() -> None:
    parts = ("O1", SHOP, "orders/1", "a")
    keys = {break_id(*parts), break_id(*parts, 2)}
    for place in range(4):
        other = [*parts]
        other[place] += "x"
        keys.add(break_id(*other))
    keys.add(break_id("O1", SHOP, "orders/1a", ""))
    assert len(keys) == 7


@pytest.fixture
def shop(warehouse_dsn: str, tmp_path: Path) -> Iterator[AShop]:
    with connect(warehouse_dsn) as conn:
        yield AShop.opened(conn, tmp_path)


def test_a_run_of_all_rules_enters_what_they_find(shop: AShop) -> None:
    order = shop.order((shop.item(), 1, "10.00"))
    shop.push()
    shop.snapshot()
    shop.count()
    assert shop.reconcile().open_breaks == 0
    shop.sql("delete from backoffice.orders")
    result = shop.reconcile()
    assert result.by_rule["O1"] == 1
    with shop.conn.transaction():
        (lost,) = breaks(shop.conn, SHOP, rule="O1")
        events = history(shop.conn, SHOP, lost["break_id"])
    assert (lost["entity"], lost["status"], lost["age_days"]) == (f"orders/{order.order_id}", "open", 7)
    assert [(event["event"], event["run_id"]) for event in events] == [("opened", result.run_id)]
    ((as_of, told, score),) = shop.sql(
        "select as_of, rules, rules_score from recon.runs where run_id = %(id)s", id=result.run_id
    )
    assert as_of == NOW
    assert (told["O1"]["checked"], told["O1"]["found"]) == (1, 1)
    assert score < 1
    assert accept(
        shop.conn,
        shop=SHOP,
        break_id=lost["break_id"],
        by="controller",
        because="booked by hand",
        clock=shop.clock,
    )
    assert "O1" not in shop.reconcile().by_rule


def test_nothing_is_judged_before_both_sides_have_been_read(shop: AShop) -> None:
    shop.count()
    with pytest.raises(PermanentError, match="take a census and a snapshot first"):
        shop.reconcile()
    assert shop.sql("select count(*) from recon.runs") == [(0,)]
