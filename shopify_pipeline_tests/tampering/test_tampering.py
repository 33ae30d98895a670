"""Whatever somebody changes in the back office is found under its own rule with its amount, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from psycopg import sql

from shopify_pipeline.local.postgres import LocalPostgres
from shopify_pipeline_tests.shopify.sandboxed import NOW
from shopify_pipeline_tests.tampering.facts import Facts, read_facts
from shopify_pipeline_tests.tampering.night import GO_LIVE_DAYS, Night, night
from shopify_pipeline_tests.tampering.seeds import TAMPERINGS, judged

WAREHOUSE = "warehouse_tampering"


@pytest.fixture(scope="module")
def a_night(
    postgres: LocalPostgres, warehouse_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Night]:
    with psycopg.connect(postgres.dsn("postgres"), autocommit=True) as connection:
        connection.execute(
            sql.SQL("create database {} template {}").format(
                sql.Identifier(WAREHOUSE), sql.Identifier(warehouse_template)
            )
        )
    with night(tmp_path_factory.mktemp("tampering"), postgres.dsn(WAREHOUSE)) as made:
        yield made


@pytest.fixture(scope="module")
def facts(a_night: Night) -> Facts:
    return read_facts(a_night.rows, NOW.date() - timedelta(days=GO_LIVE_DAYS), NOW.date())


def test_a_night_nobody_tampered_with_finds_nothing(a_night: Night) -> None:
    assert {name.kind for name in a_night.untouched} == {"attention"}
    assert a_night.falls() == {}


@pytest.mark.parametrize("first", range(4))
def test_every_tampering_is_found_with_its_amount_and_nothing_else(first: int, a_night: Night, facts: Facts) -> None:
    tamperings = TAMPERINGS[first::4]
    said = judged(a_night, facts, tamperings, seed=first)

    assert said.wrong == []
    assert set(said.done) == {each.__name__ for each in tamperings}
