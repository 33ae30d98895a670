"""The value map against the shop: words it lacks are named with the line to add, codes nobody needs are told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from shopify_pipeline.backoffice import seen
from shopify_pipeline.backoffice.protocol import Codes
from shopify_pipeline.steps.doctor import examine
from shopify_pipeline.warehouse.connect import connect
from shopify_pipeline_tests.reconcile.a_shop import NOON, AShop
from shopify_pipeline_tests.reconcile.company import VALUE_MAP
from shopify_pipeline_tests.reconcile.warehouse_rows import BEFORE, SHOP
from shopify_pipeline_tests.steps.shops import pipeline_of


@pytest.fixture
def shop(warehouse_dsn: str, tmp_path: Path) -> Iterator[AShop]:
    with connect(warehouse_dsn) as conn:
        yield AShop.opened(conn, tmp_path)


def lacking(shop: AShop, since: datetime | None = None) -> list[tuple[str, int]]:
    with shop.conn.transaction():
        found = seen.words(shop.conn, SHOP, since)
    return [(word.line, word.records) for word in seen.unmapped(found, VALUE_MAP)]


def test_each_word_without_a_code_comes_with_its_count_and_the_line_to_add(shop: AShop) -> None:
    mug = shop.item()
    shop.add("locations", location_id=73, name="Attic", is_active=True, updated_at=BEFORE)
    for number in range(2):
        order = shop.order((mug, 1, "10.00"), name=f"#{number}", gateway="klarna", tax_title="Moon Tax")
    shop.ship(order, NOON, [1], location_id=73)
    shop.order((None, 1, "3.00"), name="#3", line_type="TIP")
    shop.add("balance_transactions", balance_transaction_id=1, type="SHIPPING_LABEL", transaction_at=NOON)
    assert lacking(shop) == [
        ('[lines] "TIP" = "…"', 1),
        ('[gateways] "klarna" = "…"', 2),
        ('[taxes] "Moon Tax 5%" = "…"', 2),
        ('[locations] "Attic" = "…"', 1),
        ('[balance] "SHIPPING_LABEL" = "…"', 1),
    ]


def test_what_only_happened_before_go_live_is_not_lacking(shop: AShop) -> None:
    shop.order((None, 1, "10.00"), at=BEFORE, gateway="klarna")
    assert lacking(shop, since=NOON) == []


def test_a_settled_payment_needs_no_code_of_its_own_and_a_converted_one_does(shop: AShop) -> None:
    order = shop.order((None, 1, "10.00"))
    values = {"type": "CHARGE", "transaction_at": NOON, "order_transaction_id": order.transaction_id}
    shop.add("balance_transactions", balance_transaction_id=1, amount=Decimal("10.50"), **values)
    assert lacking(shop) == []
    shop.add("balance_transactions", balance_transaction_id=2, amount=Decimal("10.49"), **values)
    assert lacking(shop) == [('[balance] "CHARGE" = "…"', 1)]


def test_entries_nobody_has_used_are_told(shop: AShop) -> None:
    shop.order((shop.item(), 1, "10.00"))
    with shop.conn.transaction():
        found = seen.words(shop.conn, SHOP, None)
    kinds = {kind: [key for each, key in seen.unused(found, VALUE_MAP) if each == kind] for kind in seen.KINDS}
    assert kinds == {
        "line": ["SHIPPING", "ADJUSTMENT", "FEE", "GIFT_CARD"],
        "gateway": ["paypal"],
        "tax": [],
        "location": ["Oakland"],
        "balance": [],
    }


def test_codes_the_back_office_lacks_are_named_by_what_they_stand_for(shop: AShop) -> None:
    codes = seen.codes(VALUE_MAP)
    assert (codes.taxes, codes.locations) == (("State Tax 5%",), ("EAST", "WEST"))
    wrong = msgspec.structs.replace(
        VALUE_MAP, lines={"PRODUCT": "9999"}, taxes={"x": "No Tax"}, locations={"Brooklyn": "EAST", "Attic": "ATTIC"}
    )
    asked = seen.codes(wrong)
    unknown = shop.journal.unknown_codes(SHOP, asked)
    assert (unknown.taxes, unknown.locations) == (("No Tax",), ("ATTIC",))
    assert "9999" in unknown.accounts
    assert not {"1200", "1100"} & set(unknown.accounts)
    assert shop.journal.unknown_codes(SHOP, Codes()) == Codes()


def test_the_doctor_names_what_the_map_lacks_and_what_the_back_office_lacks(
    shop: AShop, warehouse_dsn: str, tmp_path: Path
) -> None:
    shop.order((shop.item(), 1, "10.00"), gateway="klarna")
    (tmp_path / "map.toml").write_text(
        '[lines]\nPRODUCT = "4000"\n[gateways]\npaypal = "1119"\n[taxes]\n"State Tax 5%" = "State Tax 5%"\n'
        '[locations]\nBrooklyn = "EAST"\n[accounts]\nreceivable = "1200"\ntax = "2200"\nrounding = "4000"\n'
    )
    settings = {"domain": SHOP, "client_id": "id", "client_secret": "s", "value_map": tmp_path / "map.toml"}
    pipeline = pipeline_of(tmp_path, warehouse_dsn, settings)
    # Nobody answers as the shop; the back office is the journal.
    pipeline.backoffice = shop.journal
    found = [each for each in examine(pipeline) if each.what.startswith("value map,")]
    assert [(each.what, each.state, each.message) for each in found] == [
        ("value map, codes", "fail", "the back office lacks accounts 1119: correct the value map, or make them there"),
        ("value map, unused", "ok", "nobody has used gateway 'paypal'"),
        ("value map, lacking", "warn", '[gateways] "klarna" = "…"   seen 1 times; what has it is not pushed'),
    ]
