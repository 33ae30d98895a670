"""What ``rules.yaml`` says of the rules is what their SQL does, what the ledger takes and what the page shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from psycopg.postgres import types

from shopify_pipeline.reconcile import describe
from shopify_pipeline.reconcile.rules import EXPECTED, FOLDER, IN_TRANSIT, Bounds, Rule, rules
from shopify_pipeline.statements import statements
from shopify_pipeline.warehouse.connect import Connection, connect

COLUMNS = [
    ("entity", "text"),
    ("key", "text"),
    ("class", "text"),
    ("expected", "text"),
    ("actual", "text"),
    ("difference", "numeric"),
    ("currency", "text"),
    ("since", "timestamptz"),
    ("message", "text"),
]
BOUNDS = Bounds(
    shop="none.myshopify.com",
    as_of=datetime(2026, 11, 20, 12, tzinfo=UTC),
    lag=timedelta(hours=1),
    go_live_on=date(2026, 11, 10),
    time_zone="America/New_York",
    value_map="value_map.toml",
    recognition="order",
)
CLASSES = {kind for rule in rules().values() for kind in rule.repairs} | {IN_TRANSIT}


@pytest.fixture
def conn(warehouse_dsn: str) -> Iterator[Connection]:
    with connect(warehouse_dsn) as connection:
        yield connection


def test_every_rule_has_one_file_and_every_file_is_of_a_rule() -> None:
    assert sorted(path.name.partition("_")[0] for path in FOLDER.iterdir()) == sorted(rules())


@pytest.mark.parametrize("rule", rules().values(), ids=rules())
def test_a_file_begins_with_its_rules_title_and_source_and_finds_the_classes_that_have_a_repair(rule: Rule) -> None:
    text = rule.path.read_text()
    title, source, *_ = text.splitlines()
    assert title == f"-- {rule.title}"
    assert source.startswith("-- source: ")
    assert CLASSES.intersection(re.findall(r"'(\w+)'", text)) == set(rule.repairs)
    assert all(repair.do for repair in rule.repairs.values())


def test_every_rule_gives_one_number_and_the_same_columns(conn: Connection) -> None:
    parameters = msgspec.structs.asdict(BOUNDS)
    with conn.transaction():
        for statement in EXPECTED.values():
            conn.execute(statement, parameters if "%(" in statement else None)
        for name, rule in rules().items():
            sql = statements(rule.path)
            assert list(sql) == ["checked", "differences"], name
            assert conn.execute(sql["checked"], parameters).fetchall() == [(0,)], name
            columns = conn.execute(sql["differences"], parameters).description or []
            assert [(column.name, types[column.type_code].name) for column in columns] == COLUMNS, name


def test_the_ledger_takes_every_class_a_rule_can_find_and_no_other(conn: Connection) -> None:
    row = conn.execute(
        "select pg_get_constraintdef(oid) from pg_constraint where conname = 'breaks_class_known'"
    ).fetchone()
    assert row is not None
    assert set(re.findall(r"'(\w+)'", row[0])) == CLASSES


def test_the_page_of_rules_is_current() -> None:
    assert describe.TARGET.read_text("utf-8") == describe.page(), f"run {describe.COMMAND}"
