"""No rule reads what we believe we loaded or sent: proved by a database role that may not, and so for the census.

Here: who may read what. What the rules find is in ``test_rules*.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import errors, sql

from shopify_pipeline.reconcile import rules as room
from shopify_pipeline.reconcile.rules import EXPECTED, rules
from shopify_pipeline.shopify.bulk import BulkRunner
from shopify_pipeline.steps.census import take_census
from shopify_pipeline.warehouse.connect import Connection, connect
from shopify_pipeline_tests.reconcile.a_shop import NOON, AShop
from shopify_pipeline_tests.reconcile.test_full_world import whole
from shopify_pipeline_tests.reconcile.test_rules_described import BOUNDS
from shopify_pipeline_tests.shopify.sandboxed import SHOP

#: What was read of the back office; its other tables are our own memory of it.
SNAPSHOT = (
    *("orders", "order_lines", "shipments", "parties", "products", "documents", "ledger", "taxes", "totals"),
    *("payments", "stock", "edited", "snapshots", "value_map"),
)
JUDGE, COUNTER = "may_only_judge", "may_only_count"


@pytest.fixture
def roles(shared_warehouse: str) -> Iterator[None]:
    """A role that may read both readings, and one that may write a census; neither anything else."""
    with psycopg.connect(shared_warehouse, autocommit=True) as conn:
        counted = [
            table
            for (table,) in conn.execute(
                "select tablename from pg_tables where schemaname = 'recon' and tablename like 'census%'"
            ).fetchall()
        ]
        for role in (JUDGE, COUNTER):
            conn.execute(sql.SQL("create role {}").format(sql.Identifier(role)))
        conn.execute(f"grant usage on schema recon, backoffice to {JUDGE}")
        conn.execute(f"grant usage on schema recon to {COUNTER}")
        for table in counted:
            held = sql.Identifier("recon", table)
            conn.execute(sql.SQL("grant select on {} to {}").format(held, sql.Identifier(JUDGE)))
            conn.execute(sql.SQL("alter table {} owner to {}").format(held, sql.Identifier(COUNTER)))
        for table in SNAPSHOT:
            held = sql.Identifier("backoffice", table)
            conn.execute(sql.SQL("grant select on {} to {}").format(held, sql.Identifier(JUDGE)))
        yield
        for table in counted:
            conn.execute(sql.SQL("alter table {} owner to current_user").format(sql.Identifier("recon", table)))
        for role in (JUDGE, COUNTER):
            conn.execute(sql.SQL("drop owned by {}").format(sql.Identifier(role)))
            conn.execute(sql.SQL("drop role {}").format(sql.Identifier(role)))


def as_role(conn: Connection, role: str) -> None:
    conn.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
    conn.commit()


@pytest.mark.usefixtures("roles")
def test_who_judges_books_can_read_neither_the_dirty_set_nor_the_push_log_nor_the_warehouse(
    warehouse_dsn: str,
) -> None:
    with connect(warehouse_dsn) as conn:
        as_role(conn, JUDGE)
        for table in ("ops.dirty", "backoffice.pushes", "backoffice.count_proposals", "shopify.orders", "recon.breaks"):
            with pytest.raises(errors.InsufficientPrivilege):
                conn.execute(f"select * from {table}")  # type: ignore[arg-type]
            conn.rollback()


@pytest.mark.usefixtures("roles")
def test_every_rule_of_the_books_gives_the_same_verdict_to_who_can_read_nothing_else(
    warehouse_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect(warehouse_dsn) as conn:
        shop = AShop.opened(conn, tmp_path)
        order = shop.order((shop.item(), 3, "30.00"))
        shop.ship(order, NOON, [3])
        shop.push()
        shop.snapshot()
        shop.count()
        shop.reconcile()
        shop.sql("update backoffice.documents set total = total + 1")
        bounds = room.Bounds(**{**_as_dict(BOUNDS), "shop": shop.sql("select shop from recon.censuses")[0][0]})
        monkeypatch.setattr(room, "rules", lambda: {n: r for n, r in rules().items() if not n.startswith("W")})

        verdicts = []
        for role in (None, JUDGE):
            if role:
                as_role(conn, role)
            with conn.transaction():
                found = room.judge(conn, bounds, {}, monotonic=lambda: 0.0)
            verdicts.append(found)

        assert verdicts[0] == verdicts[1]
        assert len(verdicts[1]) == len([name for name in rules() if not name.startswith("W")])
        assert "O5" in {verdict.rule.name for verdict in verdicts[1] if verdict.differences}


@pytest.mark.usefixtures("roles")
def test_the_census_of_a_whole_shop_is_taken_by_who_can_read_nothing_that_was_loaded(
    warehouse_dsn: str, tmp_path: Path
) -> None:
    with whole(tmp_path, warehouse_dsn, "usd") as one:
        one.pipeline.census()
        counted = one.rows("select order_id, current_total from recon.census_orders order by 1")
        one.rows("delete from recon.census_orders returning order_id")
        api = one.pipeline.api
        with one.pipeline.connect() as conn:
            as_role(conn, COUNTER)
            with pytest.raises(errors.InsufficientPrivilege):
                conn.execute("select * from shopify.orders")
            conn.rollback()
            bulk = BulkRunner(api, progress=lambda line: None)
            take_census(conn, api, bulk, shop=SHOP, clock=one.pipeline.clock, progress=lambda line: None)

        assert one.rows("select order_id, current_total from recon.census_orders order by 1") == counted
        assert len(counted) > 100


def test_what_is_expected_and_the_rules_of_the_books_never_name_the_warehouse() -> None:
    for name, rule in rules().items():
        assert ("shopify." in _code(rule.path.read_text())) == name.startswith("W"), name
    assert not any("shopify." in _code(statement) for statement in EXPECTED.values())


def _code(text: str) -> str:
    return "\n".join(line.partition("--")[0] for line in text.splitlines())


def _as_dict(bounds: room.Bounds) -> dict[str, object]:
    return {name: getattr(bounds, name) for name in bounds.__struct_fields__}
