"""What the auditor tells of everything beside orders is what a warehouse of the shop holds, row by row.

Here: the whole way, from a shop's events through its API, extract and load to the warehouse. The truth shares no code
with the shop, and the pipeline none with either: what all agree on is right, or wrong in the same way three times.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from shopify_pipeline.schemas import STREAMS, Table
from shopify_pipeline.shopify.access import least_privilege
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline.steps.verify import Difference, differences, held_rows
from shopify_pipeline_tests.shopify.sandboxed import SHOP, SandboxShop, sandbox_shop
from shopify_pipeline_tests.steps.shops import pipeline_of, shop_settings
from shopify_sandbox.store import ActionRefused, Store
from shopify_sandbox.truth import KEYS, TruthError, rows, rows_of, truth
from shopify_sandbox.world.happenings import BY_NAME
from shopify_sandbox.world.metafields import FIELDS

OTHERS = ("products", "inventory", "customers", "gift_cards", "store_credit", "tender_transactions", "payouts")
#: Those whose roots can be deleted in the shop.
DELETABLE = ("customers", "products", "inventory")
TABLES: dict[str, Table] = {table.name: table for name in OTHERS for table in STREAMS[name].tables}
#: In these worlds who is exempt from taxes is exempt from all, which needs no row.
ALWAYS_EMPTY = {"customer_tax_exemptions"}
#: What a bundle is made of is said when it is made.
MADE_ONCE = {"bundle_components"}
METAFIELDS = {
    stream: [f"{namespace}.{key}" for namespace, key, _ in FIELDS[owner]]
    for stream, owner in (("customers", "Customer"), ("products", "Product"))
}


@dataclass
class Followed:
    """A shop, and a pipeline that reads it."""

    shop: SandboxShop
    pipeline: Pipeline

    @property
    def store(self) -> Store:
        return self.shop.sandbox.store

    def sync(self) -> None:
        for stream in OTHERS:
            self.pipeline.extract(stream)
            self.pipeline.load(stream)

    def sweep(self) -> None:
        """Find what was deleted: it has to be missing twice."""
        for _ in range(2):
            self.store.advance(hours=0.1)
            for stream in DELETABLE:
                self.pipeline.sweep(stream, share_max=1.0)

    def told(self) -> dict[str, list[dict[str, str | None]]]:
        return rows_of(self.shop.sandbox.state, TABLES)

    def different(self) -> list[Difference]:
        """Everything in which warehouse and auditor do not agree, columns the auditor leaves out included."""
        found: list[Difference] = []
        told = self.told()
        with self.pipeline.connect() as conn:
            for name, table in TABLES.items():
                columns = [column.name for column in table.columns]
                assert all(sorted(row) == sorted(columns) for row in told[name]), name
                found += differences(table, told[name], held_rows(conn, SHOP, table, columns))
        return found


@contextmanager
def followed(home: Path, dsn: str, *, orders: int, profile: str, mix: str) -> Iterator[Followed]:
    with sandbox_shop(home / "shop", orders=orders, seed=11, days=60, profile=profile, mix=mix) as shop:
        shop.sandbox.tokens.set_scopes(least_privilege())
        time_zone = shop.sandbox.store.shop.timezone
        yield Followed(shop, pipeline_of(home, dsn, shop_settings(shop, time_zone=time_zone, metafields=METAFIELDS)))


def test_every_table_beside_orders_is_told_by_its_own_key() -> None:
    assert {name: table.key for name, table in TABLES.items()} == {name: KEYS[name] for name in TABLES}


@pytest.mark.parametrize("profile", ["gbp", "jpy", "kwd"])
def test_a_warehouse_of_a_full_shop_holds_what_the_auditor_tells(
    profile: str, tmp_path: Path, warehouse_dsn: str
) -> None:
    with followed(tmp_path, warehouse_dsn, orders=120, profile=profile, mix="full") as one:
        one.sync()
        assert {name for name, found in one.told().items() if not found} == ALWAYS_EMPTY
        assert one.different() == []


def test_a_warehouse_of_a_plain_shop_holds_what_the_auditor_tells(tmp_path: Path, warehouse_dsn: str) -> None:
    with followed(tmp_path, warehouse_dsn, orders=40, profile="usd", mix="plain") as one:
        one.sync()
        assert one.different() == []


def test_whatever_happens_in_a_shop_reaches_its_warehouse_as_the_auditor_tells_it(
    tmp_path: Path, warehouse_dsn: str
) -> None:
    with followed(tmp_path, warehouse_dsn, orders=120, profile="usd", mix="full") as one:
        one.sync()
        before = one.told()
        assert one.different() == []

        happened = {name for name in [*BY_NAME] * 3 if happens(one.store, name)}
        one.store.advance(customer_update=4, product_update=4, stock_adjust=4, hours=1)
        one.sync()
        one.sweep()

        assert happened >= {"delete_variant", "delete_product", "delete_customer", "merge_customers"}
        assert {name for name, found in one.told().items() if found == before[name]} == ALWAYS_EMPTY | MADE_ONCE
        assert one.different() == []


def happens(store: Store, name: str) -> bool:
    """Let it happen; whether it could."""
    try:
        store.advance(happen={name: 1}, hours=0.2)
    except ActionRefused:
        return False
    return True


def test_an_event_nobody_knows_is_refused_so_that_none_is_forgotten(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_text('{"at":"2026-11-20T12:00:00Z","event":"moon_rose"}\n', encoding="utf-8")

    with pytest.raises(TruthError, match="moon_rose"):
        truth(tmp_path)
    with pytest.raises(TruthError, match="moon_rose"):
        next(rows(tmp_path, "payouts"))
