"""Repair of what is no order: a lost party, product or entry is owed again, and nothing else is.

Here: breaks made up in the ledger, on a real warehouse and journal. Not here: orders, policies and the command
(``test_repair.py``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from shopify_pipeline.backoffice.journal import JournalBackOffice
from shopify_pipeline.reconcile import ledger
from shopify_pipeline.reconcile.explain import breaks
from shopify_pipeline.reconcile.rules import Difference, Verdict, rules
from shopify_pipeline.steps.repair import repair
from shopify_pipeline.warehouse.connect import connect
from shopify_pipeline_tests.reconcile.company import NOW
from shopify_pipeline_tests.reconcile.warehouse_rows import BEFORE, SHOP
from shopify_pipeline_tests.steps.money_outside import MONEY_CHART, MoneyShop

CUSTOMER = 4_000_000_000_001


@pytest.fixture
def shop(warehouse_dsn: str, tmp_path: Path) -> Iterator[MoneyShop]:
    """A customer bought a mug, a label was printed and a payout paid; all of it is booked."""
    with connect(warehouse_dsn) as conn:
        one = MoneyShop.opened(conn, tmp_path)
        one.add("customers", customer_id=CUSTOMER, updated_at=BEFORE)
        one.order((one.item(), 1, "10.00"), customer_id=CUSTOMER)
        one.balance(9, "SHIPPING_LABEL", "-4.00")
        one.payout(8, "6.00", "PAID")
        one.push()
        yield one


def lose(shop: MoneyShop, resource: str, external_id: str) -> None:
    path = shop.folder / "journal.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if named(line) != (resource, external_id)]
    assert len(kept) == len(lines) - 1
    path.write_bytes(b"".join(kept))
    shop.journal = JournalBackOffice(path, MONEY_CHART)


def named(line: bytes) -> tuple[str, str]:
    entry = json.loads(line)
    return entry["resource"], entry["external_id"]


def found(shop: MoneyShop, *entities: str) -> list[str]:
    """Open breaks about these; their ids."""
    differences = [
        Difference(
            entity=entity,
            key="",
            kind="missing_backoffice",
            expected=None,
            actual=None,
            difference=None,
            currency=None,
            since=None,
            message="it is not in the back office",
        )
        for entity in entities
    ]
    with shop.conn.transaction():
        verdicts = [Verdict(rule=rules()["O1"], checked=1, differences=differences, seconds=0)]
        ledger.sight(shop.conn, SHOP, verdicts, {}, run_id=1, now=NOW, today=NOW.date())
        return [row["break_id"] for row in breaks(shop.conn, SHOP)]


def repaired(shop: MoneyShop, *entities: str) -> list[str]:
    return repair(shop.conn, shop=SHOP, break_ids=found(shop, *entities), who="controller", clock=shop.clock)


def test_a_lost_party_is_pushed_again(shop: MoneyShop) -> None:
    lose(shop, "parties", str(CUSTOMER))
    assert shop.push().counts["parties"]["created"] == 0
    assert repaired(shop, f"customers/{CUSTOMER}") == [f"customers/{CUSTOMER}"]
    assert shop.push().counts["parties"]["created"] == 1


def test_a_lost_product_is_pushed_again_with_its_variant_named(shop: MoneyShop) -> None:
    ((variant_id,),) = shop.sql("select variant_id from shopify.variants")
    lose(shop, "products", str(variant_id))
    assert shop.push().counts["products"]["created"] == 0
    assert repaired(shop, f"variants/{variant_id}") == [f"variants/{variant_id}"]
    assert shop.push().counts["products"]["created"] == 1


@pytest.mark.parametrize(("entity", "entry"), [("balance_transactions/9", "balance/9"), ("payouts/8", "payout/8")])
def test_a_lost_entry_is_pushed_again_and_no_other_is(shop: MoneyShop, entity: str, entry: str) -> None:
    before = shop.entries()
    lose(shop, "entries", entry)
    assert shop.push().totals() == {}
    assert repaired(shop, entity) == [entity]
    assert shop.push().totals() == {"entries.created": 1}
    assert shop.entries() == before


def test_what_no_push_sends_is_passed_over_and_no_repair_is_noted(shop: MoneyShop) -> None:
    assert repaired(shop, "days/2026-11-12", "accounts/1100", "value_map/tax/VAT", "orders/any") == []
    assert shop.sql("select distinct event from recon.break_events") == [("opened",)]
    assert shop.push().totals() == {}
