"""Marts of breaks the rules themselves wrote: a shop is pushed, read on both sides, reconciled, and its marts built.

Here: that ledger and marts speak of the same thing. What each rule finds is tested beside the rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal as D
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from shopify_pipeline.local.postgres import LocalPostgres
from shopify_pipeline.warehouse.connect import connect
from shopify_pipeline_tests.dbt.conftest import Marts
from shopify_pipeline_tests.dbt.test_reconciliation_marts import WITH_A_STATUS
from shopify_pipeline_tests.reconcile.a_shop import AShop
from shopify_pipeline_tests.reconcile.company import GO_LIVE_ON, ZONE

DATABASE = "marts_of_rules"


@pytest.fixture
def dsn(postgres: LocalPostgres, warehouse_template: str) -> str:
    with psycopg.connect(postgres.dsn("postgres"), autocommit=True) as server:
        server.execute(
            sql.SQL("create database {} template {}").format(
                sql.Identifier(DATABASE), sql.Identifier(warehouse_template)
            )
        )
    return postgres.dsn(DATABASE)


@pytest.fixture
def marts(dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Marts]:
    parts = conninfo_to_dict(dsn)
    for variable, part in (("HOST", "host"), ("PORT", "port"), ("USER", "user"), ("DATABASE", "dbname")):
        monkeypatch.setenv(f"SHOPIFY_PIPELINE_DBT_{variable}", str(parts[part]))
    monkeypatch.setenv("SHOPIFY_PIPELINE_DBT_PASSWORD", str(parts.get("password")))
    with psycopg.connect(dsn, autocommit=True) as conn:
        marts = Marts(conn, tmp_path / "target")
        marts.dbt("parse")
        yield marts


@pytest.fixture
def shop(dsn: str, tmp_path: Path) -> Iterator[AShop]:
    """Two orders of one customer and a guest, one of them shipped and partly given back, pushed and read."""
    with connect(dsn) as conn:
        shop = AShop.opened(conn, tmp_path)
        shop.sql(
            "insert into ops.shops (shop, time_zone, currency, plan, go_live_on, registered_at) "
            "values (%(shop)s, %(zone)s, 'USD', 'Basic', %(go_live_on)s, now())",
            zone=ZONE,
            go_live_on=GO_LIVE_ON,
        )
        mug = shop.item()
        shop.order((mug, 3, "30.00"), name="#1001")
        shop.order((mug, 1, "10.00"), name="#1002")
        shop.push()
        shop.count()
        shop.snapshot()
        shop.reconcile()
        yield shop


def test_a_quiet_shop_agrees_and_a_document_that_is_wrong_breaks_its_order_alone(marts: Marts, shop: AShop) -> None:
    _build(marts)
    assert _disagreeing(marts) == []
    assert _orders(marts) == [("#1001", "agreed", D(0), 0), ("#1002", "agreed", D(0), 0)]

    shop.sql(
        "update backoffice.documents as d set total = d.total + 0.40 from recon.census_orders as o "
        "where o.shop = d.shop and o.order_id = d.order_id and o.name = '#1002'"
    )
    shop.reconcile()
    _build(marts)

    first, (name, status, difference, open_breaks) = _orders(marts)
    assert first == ("#1001", "agreed", D(0), 0)
    assert (name, status, difference) == ("#1002", "broken", D("0.4"))
    found = marts.rows("select order_name, rule, amount_at_risk from marts.reconciliation_breaks where is_difference")
    assert ("#1002", "O5", D("0.4")) in found
    assert [rule for name, rule, _ in found if name is None] == ["T1"]
    # A sum over the books is a second witness, and about no order.
    of_orders = [order for order, *_ in found if order is not None]
    assert of_orders == ["#1002"] * open_breaks


def _build(marts: Marts) -> None:
    assert set(marts.dbt("run").statuses.values()) == {"success"}


def _orders(marts: Marts) -> list[tuple[str, str, D, int]]:
    return marts.rows(
        "select order_name, status, difference, open_breaks from marts.reconciled_orders order by order_name"
    )


def _disagreeing(marts: Marts) -> list[tuple[str, str, D]]:
    """(mart, status, difference) of every row that does not say agreed, or differs."""
    return [
        (mart, *row)
        for mart in WITH_A_STATUS
        for row in marts.rows(f"select status, difference from marts.{mart}")
        if row != ("agreed", D(0))
    ]
