"""Repair on the whole way from a sandbox shop to a journal: by policy, by a person, and what no push may do."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from typer.testing import CliRunner, Result

from shopify_pipeline import cli
from shopify_pipeline.config import Settings
from shopify_pipeline.local.postgres import LocalPostgres
from shopify_pipeline.local.profiles import PROFILES
from shopify_pipeline.local.stack import toml
from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.shopify.access import least_privilege
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline_tests.shopify.sandboxed import NOW, SHOP, SandboxShop, sandbox_shop
from shopify_pipeline_tests.steps.shops import shop_settings

ORDERS = 25
AGREEING = "warehouse_agreeing"
NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxShop]:
    with sandbox_shop(tmp_path_factory.mktemp("store"), orders=ORDERS) as running:
        running.sandbox.tokens.set_scopes(least_privilege())
        yield running


class Installed:
    """The shop's pipeline, its journal, and its command."""

    def __init__(self, home: Path, dsn: str, store: SandboxShop) -> None:
        self.home = home
        self.values: dict[str, Any] = {
            "home": home,
            "warehouse": {"dsn": dsn},
            "backoffice": {"adapter": "journal", "options": {"currency": "USD"}},
            "lag": {"backoffice_seconds": 0},
            "shops": {
                "one": shop_settings(
                    store,
                    go_live_on=(NOW - timedelta(days=60)).date(),
                    value_map=PROFILES["usd"].value_map,
                )
            },
        }

    def pipeline(self, **rules: dict[str, Any]) -> Pipeline:
        """A pipeline of its own, as each process has one, with what is said of single rules."""
        return Pipeline(Settings(**self.values, rules=rules), SHOP, progress=lambda line: None)

    def command(self, *arguments: str) -> Result:
        path = self.home / "config.toml"
        path.write_text(toml(self.values))
        return CliRunner().invoke(cli.app, ["breaks", *arguments, "--config", str(path)])

    def reconciled(self, **rules: dict[str, Any]) -> Any:
        pipeline = self.pipeline(**rules)
        pipeline.snapshot()
        return pipeline.reconcile()

    def lose_an_order(self) -> str:
        """Take an order with everything that hangs on it out of the journal; its id."""
        ((order_id,),) = self.rows("select min(order_id)::text from backoffice.orders")
        journal = next(self.home.glob("**/*.jsonl"))
        lines = journal.read_bytes().splitlines(keepends=True)
        journal.write_bytes(b"".join(line for line in lines if order_id.encode() not in line))
        return str(order_id)

    def rows(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        with self.pipeline().connect() as conn:
            return conn.execute(query, values).fetchall()  # type: ignore[arg-type]

    def execute(self, statement: str) -> None:
        with self.pipeline().connect() as conn:
            conn.execute(statement)  # type: ignore[arg-type]

    def life_of(self, order_id: str, rule: str = "O1") -> tuple[str, list[str]]:
        """Status and events of the break about an order."""
        rows = self.rows(
            "select b.status, e.event from recon.breaks as b inner join recon.break_events as e using (break_id) "
            "where b.rule = %(rule)s and b.entity = %(entity)s order by e.event_id",
            rule=rule,
            entity=f"orders/{order_id}",
        )
        return rows[0][0], [event for _, event in rows]


@pytest.fixture(scope="module")
def agreeing(
    store: SandboxShop,
    postgres: LocalPostgres,
    warehouse_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Installed:
    """The shop is loaded, pushed and counted, and nothing differs; not to be changed, but copied."""
    cloned(postgres, AGREEING, warehouse_template)
    one = Installed(tmp_path_factory.mktemp("agreeing"), postgres.dsn(AGREEING), store)
    pipeline = one.pipeline()
    for stream in STREAMS:
        pipeline.extract(stream)
        pipeline.load(stream)
    pipeline.push()
    pipeline.census()
    assert one.reconciled().by_rule == {}
    return one


@pytest.fixture
def installed(agreeing: Installed, store: SandboxShop, postgres: LocalPostgres, tmp_path: Path) -> Installed:
    """A copy of it that belongs to one test."""
    database = f"{AGREEING}_{next(NUMBERS)}"
    cloned(postgres, database, AGREEING)
    shutil.copytree(agreeing.home, tmp_path, dirs_exist_ok=True)
    return Installed(tmp_path, postgres.dsn(database), store)


def cloned(postgres: LocalPostgres, database: str, template: str) -> None:
    with psycopg.connect(postgres.dsn("postgres"), autocommit=True) as connection:
        connection.execute(
            sql.SQL("create database {} template {}").format(sql.Identifier(database), sql.Identifier(template))
        )


def test_an_order_the_back_office_lost_is_brought_back_where_the_policy_says_so(installed: Installed) -> None:
    order_id = installed.lose_an_order()
    found = installed.reconciled(O1={"repair": "auto"})
    assert found.by_rule == {}
    assert found.repaired == 1
    assert installed.life_of(order_id) == ("auto_repaired", ["opened", "repair_asked", "auto_repaired"])
    assert installed.rows(
        "select who from recon.break_events where event = 'repair_asked'",
    ) == [("policy",)]
    ((held,),) = installed.rows("select count(*) from backoffice.orders where order_id::text = %(id)s", id=order_id)
    assert held == 1


def test_nothing_is_pushed_again_where_the_policy_only_proposes_or_is_off(installed: Installed) -> None:
    order_id = installed.lose_an_order()
    for policy, proposed in (("propose", "push the order again"), ("off", None)):
        found = installed.reconciled(O1={"repair": policy})
        assert found.by_rule["O1"] == 1
        assert installed.rows("select proposed_repair from recon.breaks where rule = 'O1'") == [(proposed,)]
    assert installed.life_of(order_id) == ("open", ["opened"])
    assert installed.pipeline().push().totals() == {}  # type: ignore[union-attr]


def test_nothing_is_pushed_again_while_the_back_office_is_closed(installed: Installed) -> None:
    order_id = installed.lose_an_order()
    installed.values["shops"]["one"]["push"] = "off"
    installed.reconciled(O1={"repair": "auto"})
    assert installed.life_of(order_id) == ("open", ["opened"])


def test_a_break_only_a_person_can_repair_is_left_to_one_whatever_the_policy(installed: Installed) -> None:
    ((order_id,),) = installed.rows("select min(order_id)::text from backoffice.documents")
    pipeline = installed.pipeline(O5={"repair": "auto"})
    pipeline.snapshot()
    installed.execute(f"update backoffice.documents set total = total + 1 where order_id = {order_id}")
    pipeline.reconcile()
    assert installed.life_of(order_id, "O5") == ("open", ["opened"])


def test_a_repair_that_does_not_help_is_asked_for_once(installed: Installed) -> None:
    order_id = installed.lose_an_order()
    # The warehouse has lost it too, so that the push has nothing to send.
    installed.execute(f"update shopify.orders set _deleted = true where order_id = {order_id}")
    for _ in range(3):
        installed.reconciled(O1={"repair": "auto"})
    assert installed.life_of(order_id) == ("open", ["opened", "repair_asked"])


def test_a_person_follows_a_break_from_the_list_to_what_shopify_sent_and_repairs_it(installed: Installed) -> None:
    order_id = installed.lose_an_order()
    installed.reconciled()

    listed = installed.command("list", "--rule", "O1", "--json")
    assert listed.exit_code == 3
    (lost,) = json.loads(listed.stdout)
    assert (lost["entity"], lost["class"]) == (f"orders/{order_id}", "missing_backoffice")
    assert json.loads(installed.command("list", "--class", "manual_edit", "--json").stdout) == []
    assert "at risk:" in installed.command("list").stdout

    beginning = lost["break_id"][:10]
    shown = json.loads(installed.command("show", beginning, "--json").stdout)
    assert [event["event"] for event in shown["history"]] == ["opened"]

    told = json.loads(installed.command("explain", beginning, "--json").stdout)
    assert [row["order_id"] for row in told["shop"]["census_orders"]] == [int(order_id)]
    assert told["backoffice"] == {}
    assert [row["order_id"] for row in told["warehouse"]["orders"]] == [int(order_id)]
    assert "email" not in told["warehouse"]["orders"][0]
    assert told["rule"]["file"] == "O1_order_exists.sql"
    landed = told["landed"]
    assert (landed["root"], landed["stream"]) == (f"orders/{order_id}", "orders")
    assert landed["places"]
    assert all("raw" not in place for place in landed["places"])
    assert (Path(landed["folder"]) / landed["places"][0]["file"]).is_file()
    raw = json.loads(installed.command("explain", beginning, "--raw", "--json").stdout)["landed"]["places"]
    assert f"gid://shopify/Order/{order_id}" in {place["raw"]["id"] for place in raw}
    assert "census_orders" in installed.command("explain", beginning).stdout

    repaired = installed.command("repair", beginning, "--by", "controller", "--json")
    assert json.loads(repaired.stdout)["owed"] == [f"orders/{order_id}"]
    installed.pipeline().push()
    installed.reconciled()
    assert installed.life_of(order_id) == ("closed", ["opened", "repair_asked", "closed"])
    assert installed.command("list").exit_code == 0
    closed = json.loads(installed.command("list", "--status", "closed", "--rule", "O1", "--json").stdout)
    assert [row["entity"] for row in closed] == [f"orders/{order_id}"]
    assert len(json.loads(installed.command("list", "--all", "--rule", "O1", "--json").stdout)) == 1


def test_a_person_accepts_a_break_with_a_name_a_reason_and_a_last_day(installed: Installed) -> None:
    installed.lose_an_order()
    installed.reconciled()
    ((whole,),) = installed.rows("select break_id from recon.breaks where rule = 'O1'")

    def refused(*arguments: str) -> str:
        result = installed.command(*arguments)
        assert result.exit_code != 0
        return result.output if result.exit_code == 2 else str(result.exception)

    assert "because" in refused("accept", whole, "--by", "controller")
    assert "must say something" in refused("accept", whole, "--because", " ", "--by", "controller")
    assert "is past" in refused("accept", whole, "--because", "known", "--until", "2020-01-01")
    assert "is no day" in refused("accept", whole, "--because", "known", "--until", "soon")
    assert "no break begins with" in refused("accept", "zzzz", "--because", "known")
    assert "no rule O99" in refused("list", "--rule", "O99")
    assert "say which breaks" in refused("repair")

    arguments = ("accept", whole[:12], "--because", "booked by hand", "--by", "controller", "--until", "2099-12-31")
    assert installed.command(*arguments).exit_code == 0
    assert installed.rows(
        "select status, accepted_by, accepted_because, accepted_until::text from recon.breaks where rule = 'O1'"
    ) == [("accepted", "controller", "booked by hand", "2099-12-31")]
    assert "is accepted, not open" in refused(*arguments)


def test_a_beginning_that_several_breaks_have_is_refused(installed: Installed) -> None:
    installed.execute("update backoffice.documents set total = total + 1")
    installed.pipeline().reconcile()
    ((count,),) = installed.rows("select count(*) from recon.breaks")
    assert count > 16
    result = installed.command("show", "")
    assert "several breaks begin with" in str(result.exception)
