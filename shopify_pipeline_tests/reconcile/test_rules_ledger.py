"""What was booked, looked at in the ledger: accounts, tax codes, days, customers and companies, words and edits.

A right total is not enough: each rule names the error it is there for, and no other rule does.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from shopify_pipeline.backoffice.mapping import Recognition
from shopify_pipeline.backoffice.value_map import ValueMap
from shopify_pipeline.warehouse.connect import connect
from shopify_pipeline_tests.reconcile.a_shop import NOON, AShop, Item, Placed
from shopify_pipeline_tests.reconcile.company import NOW, VALUE_MAP
from shopify_pipeline_tests.reconcile.warehouse_rows import BEFORE

D = Decimal
ACCOUNTS = VALUE_MAP.accounts
#: (rule, class, entity, key, difference) of a break.
Found = tuple[str, str, str, str, Decimal | None]


@pytest.fixture
def shop(warehouse_dsn: str, tmp_path: Path) -> Iterator[AShop]:
    with connect(warehouse_dsn) as conn:
        yield AShop.opened(conn, tmp_path)


@pytest.fixture
def mug(shop: AShop) -> Item:
    return shop.item()


@pytest.fixture
def order(shop: AShop, mug: Item) -> Placed:
    """Customer 41's order of 31.50, 1.50 of it tax, paid and shipped, beside an equal one of customer 42."""
    order = shop.order((mug, 3, "30.00"), customer_id=41)
    shop.ship(order, NOON + timedelta(hours=1), [3])
    return order


@pytest.fixture
def other(shop: AShop, mug: Item) -> Placed:
    """Customer 42's order, equal to the first one."""
    return shop.order((mug, 3, "30.00"), name="#1002", customer_id=42)


@pytest.fixture
def agreeing(shop: AShop, order: Placed, other: Placed) -> AShop:
    """Pushed, read back and counted, with both customers in the shop."""
    for customer_id in (41, 42):
        shop.add("customers", customer_id=customer_id, updated_at=BEFORE)
    compare(shop)
    return shop


def compare(shop: AShop) -> None:
    """Push, read back and count."""
    shop.push()
    shop.snapshot()
    shop.count()


def found(shop: AShop, *rules: str, value_map: ValueMap = VALUE_MAP, recognition: Recognition = "order") -> list[Found]:
    """What these rules say; every rule of orders, money and words when none is named."""
    shop.reconcile(value_map=value_map, recognition=recognition)
    return shop.sql(  # type: ignore[return-value]
        "select rule, class, entity, key, difference from recon.breaks where status = 'open' "
        "and case when %(rules)s::text[] = '{}' then rule !~ '^[FIWY]' else rule = any(%(rules)s) end order by 1, 3, 4",
        rules=list(rules),
    )


def amounts(shop: AShop) -> list[tuple[list[Decimal], list[Decimal]]]:
    """Tax and base as expected and as reported, by document and code."""
    rows = shop.sql("select expected, actual from recon.breaks where rule = 'L2' order by key")
    return [tuple([D(part) for part in text.split(" on ")] for text in row) for row in rows]  # type: ignore[misc]


def entity(order: Placed) -> str:
    return f"orders/{order.order_id}"


def invoice(order: Placed) -> str:
    return f"{order.agreement_id}/ORDER"


def test_the_right_total_on_a_wrong_account_is_found_on_both_accounts(agreeing: AShop, order: Placed) -> None:
    name = invoice(order)
    agreeing.sql("update backoffice.ledger set account = '4100' where external_id = %(n)s and account = '4000'", n=name)

    assert found(agreeing) == [
        ("L1", "amount_mismatch", entity(order), f"{name} on 4000", D("30.00")),
        ("L1", "amount_mismatch", entity(order), f"{name} on 4100", D("-30.00")),
    ]


def test_a_payment_on_the_wrong_clearing_account_is_found(agreeing: AShop, order: Placed) -> None:
    name = str(order.transaction_id)
    agreeing.sql("update backoffice.ledger set account = '1110' where external_id = %(n)s and account = '1100'", n=name)

    assert found(agreeing, "P1", "P2", "L1", "L4") == [
        ("L1", "amount_mismatch", entity(order), f"{name} on 1100", D("-31.50")),
        ("L1", "amount_mismatch", entity(order), f"{name} on 1110", D("31.50")),
    ]


def test_one_minor_unit_on_an_account_is_found(agreeing: AShop, order: Placed) -> None:
    name = invoice(order)
    agreeing.sql(
        "update backoffice.ledger set amount = amount - 0.01 where external_id = %(n)s and account = '4000'", n=name
    )

    assert found(agreeing) == [("L1", "amount_mismatch", entity(order), f"{name} on 4000", D("-0.01"))]


def test_a_young_document_on_the_wrong_account_is_on_its_way(shop: AShop, mug: Item) -> None:
    shop.order((mug, 1, "10.00"), at=NOW - timedelta(minutes=10))
    compare(shop)
    shop.sql("update backoffice.ledger set account = '4100' where account = '4000'")

    assert {(rule, kind) for rule, kind, *_ in found(shop)} == {("L1", "in_transit")}


def test_cash_is_in_the_drawer_with_what_it_was_rounded_by(agreeing: AShop, order: Placed) -> None:
    name = str(order.transaction_id)
    agreeing.sql("update recon.census_transactions set rounding = 0.02 where transaction_id = %(n)s::bigint", n=name)
    assert found(agreeing) == [
        ("L1", "amount_mismatch", entity(order), f"{name} on 1100", D("-0.02")),
        ("L1", "amount_mismatch", entity(order), f"{name} on 4910", D("0.02")),
    ]

    agreeing.sql(
        "update backoffice.ledger set amount = amount + 0.02 where external_id = %(n)s and account = '1100'", n=name
    )
    agreeing.sql(
        "insert into backoffice.ledger (shop, resource, external_id, order_id, account, amount, booked_on, party) "
        "select shop, resource, external_id, order_id, '4910', -0.02, booked_on, '' from backoffice.ledger "
        "where external_id = %(n)s and account = '1100'",
        n=name,
    )
    assert found(agreeing) == []


def test_cash_that_went_back_is_rounded_the_other_way(agreeing: AShop, order: Placed) -> None:
    name = str(order.transaction_id)
    agreeing.sql(
        "update recon.census_transactions set kind = 'REFUND', rounding = 0.02 where transaction_id = %(n)s::bigint",
        n=name,
    )
    found(agreeing, "L1")

    values = agreeing.sql("select key, expected::numeric from recon.breaks where rule = 'L1' order by 1")
    assert dict(values) == {f"{name} on 1100": D("-31.52"), f"{name} on 1200": D("31.50"), f"{name} on 4910": D("0.02")}


def test_tax_the_channel_remits_is_not_on_our_tax_account(agreeing: AShop, order: Placed) -> None:
    apart = msgspec.structs.replace(VALUE_MAP, accounts={**ACCOUNTS, "channel_tax": "2210"})
    name = invoice(order)
    agreeing.sql("update recon.census_sales set channel_tax = tax where order_id = %(id)s", id=order.order_id)
    assert found(agreeing, value_map=apart) == [
        ("L1", "amount_mismatch", entity(order), f"{name} on 2200", D("-1.50")),
        ("L1", "amount_mismatch", entity(order), f"{name} on 2210", D("1.50")),
    ]

    agreeing.sql("update backoffice.ledger set account = '2210' where external_id = %(n)s and account = '2200'", n=name)
    assert found(agreeing, value_map=apart) == []


def test_where_revenue_waits_for_fulfillment_goods_are_sold_on_the_deferred_account(
    agreeing: AShop, order: Placed, other: Placed
) -> None:
    waiting = msgspec.structs.replace(VALUE_MAP, accounts={**ACCOUNTS, "deferred": "2400"})
    agreeing.sql(
        "update backoffice.ledger set account = '2400' where external_id = %(n)s and account = '4000'", n=invoice(other)
    )

    assert found(agreeing, "L1", value_map=waiting, recognition="fulfillment") == [
        ("L1", "amount_mismatch", entity(order), f"{invoice(order)} on 2400", D("30.00")),
        ("L1", "amount_mismatch", entity(order), f"{invoice(order)} on 4000", D("-30.00")),
    ]


def test_goods_of_a_type_with_an_account_of_its_own_are_sold_there(agreeing: AShop, order: Placed) -> None:
    mugs = msgspec.structs.replace(VALUE_MAP, product_types={"Mugs": "4050"})
    agreeing.sql("update recon.census_lines set product_type = 'Mugs' where order_id = %(id)s", id=order.order_id)

    assert [(rule, key) for rule, _, _, key, _ in found(agreeing, value_map=mugs)] == [
        ("L1", f"{invoice(order)} on 4000"),
        ("L1", f"{invoice(order)} on 4050"),
    ]


def test_an_entry_is_neither_a_document_nor_a_payment(agreeing: AShop, order: Placed) -> None:
    agreeing.sql(
        "insert into backoffice.ledger (shop, resource, external_id, order_id, account, amount, booked_on, party) "
        "select %(shop)s, 'entries', 'release/1', %(id)s, account, amount, '2026-11-12', '' "
        "from (values ('6000', 1.22), ('1100', -1.22)) as line (account, amount)",
        id=order.order_id,
    )

    assert found(agreeing, "L1", "L2", "L3", "L4", "P1", "P2") == []


def test_the_right_tax_under_a_wrong_code_is_found_under_both(agreeing: AShop, order: Placed) -> None:
    name = invoice(order)
    agreeing.sql("update backoffice.taxes set tax = 'City Tax 5%%' where external_id = %(n)s", n=name)

    assert found(agreeing) == [
        ("L2", "amount_mismatch", entity(order), f"{name} under City Tax 5%", D("1.50")),
        ("L2", "amount_mismatch", entity(order), f"{name} under State Tax 5%", D("-1.50")),
    ]
    assert amounts(agreeing) == [([D(0), D(0)], [D("1.50"), D(30)]), ([D("1.50"), D(30)], [D(0), D(0)])]


def test_the_right_tax_on_a_wrong_base_is_found(agreeing: AShop, order: Placed) -> None:
    name = invoice(order)
    agreeing.sql("update backoffice.taxes set base = base - 2 where external_id = %(n)s", n=name)

    assert found(agreeing) == [("L2", "amount_mismatch", entity(order), f"{name} under State Tax 5%", D("-2"))]


def test_a_sale_with_two_taxes_is_the_base_of_each_and_once_of_two_under_one_code(shop: AShop, mug: Item) -> None:
    two = msgspec.structs.replace(
        VALUE_MAP, taxes={**VALUE_MAP.taxes, "City Tax 3%": "Local Tax", "County Tax 2%": "Local Tax"}
    )
    order = shop.order((mug, 1, "10.00"))
    compare(shop)
    for position, (title, rate, amount) in enumerate((("City Tax", "0.03", "0.30"), ("County Tax", "0.02", "0.20")), 1):
        shop.sql(
            "insert into recon.census_sale_taxes (shop, order_id, sale_id, position, title, rate, amount) "
            "select shop, order_id, sale_id, %(position)s, %(title)s, %(rate)s, %(amount)s from recon.census_sales",
            position=position,
            title=title,
            rate=D(rate),
            amount=D(amount),
        )
    shop.sql("update recon.census_sales set tax = tax + 0.50, total = total + 0.50")

    assert found(shop, "L2", value_map=two) == [
        ("L2", "amount_mismatch", entity(order), f"{invoice(order)} under Local Tax", D("-0.50"))
    ]
    assert amounts(shop) == [([D("0.50"), D(10)], [D(0), D(0)])]


def test_a_tax_of_nothing_need_not_be_reported(agreeing: AShop, order: Placed) -> None:
    for statement in (
        "update recon.census_sale_taxes set amount = 0 where order_id = %(id)s",
        "update recon.census_sales set tax = 0, total = 30 where order_id = %(id)s",
        "update backoffice.taxes set amount = 0 where order_id = %(id)s",
    ):
        agreeing.sql(statement, id=order.order_id)
    assert found(agreeing, "L2") == []

    agreeing.sql("delete from backoffice.taxes where order_id = %(id)s", id=order.order_id)
    assert found(agreeing, "L2") == []


def test_a_document_on_the_wrong_day_is_found_and_one_booked_later_is_not(agreeing: AShop, order: Placed) -> None:
    agreeing.sql("update backoffice.documents set booked_on = booked_on + 40")
    assert found(agreeing) == []
    agreeing.sql("update backoffice.documents set dated_on = dated_on + 1 where order_id = %(id)s", id=order.order_id)

    assert found(agreeing, "L1", "L2", "L3", "L4") == [("L3", "status_mismatch", entity(order), invoice(order), None)]
    assert agreeing.sql("select expected, actual from recon.breaks where rule = 'L3'") == [("2026-11-12", "2026-11-13")]


def test_a_payment_on_the_wrong_day_is_found(agreeing: AShop, order: Placed) -> None:
    agreeing.sql("update backoffice.payments set paid_on = paid_on - 1 where order_id = %(id)s", id=order.order_id)

    assert found(agreeing, "P1", "P2", "L3") == [
        ("L3", "status_mismatch", entity(order), str(order.transaction_id), None)
    ]


def test_a_payment_that_stands_in_the_ledger_before_it_happened_is_found(agreeing: AShop, order: Placed) -> None:
    name = str(order.transaction_id)
    agreeing.sql("update backoffice.ledger set booked_on = booked_on - 20 where external_id = %(n)s", n=name)

    assert found(agreeing) == [("L3", "status_mismatch", entity(order), name, None)]


@pytest.mark.parametrize("party", ["42", "guest", "", "company/41"])
def test_a_document_of_another_customer_is_found(agreeing: AShop, order: Placed, party: str) -> None:
    name = invoice(order)
    agreeing.sql(
        "update backoffice.ledger set party = %(party)s where external_id = %(n)s and account = '1200'",
        n=name,
        party=party,
    )

    assert found(agreeing) == [("L4", "status_mismatch", entity(order), f"{name} party", None)]
    assert agreeing.sql("select expected, actual from recon.breaks") == [("41", party)]


def test_a_payment_by_another_customer_is_found(agreeing: AShop, order: Placed) -> None:
    name = str(order.transaction_id)
    agreeing.sql("update backoffice.ledger set party = '42' where external_id = %(n)s and account = '1200'", n=name)

    assert found(agreeing) == [("L4", "status_mismatch", entity(order), f"{name} party", None)]


def test_a_customer_who_was_merged_after_it_was_booked_asks_for_attention(agreeing: AShop, order: Placed) -> None:
    agreeing.sql("update recon.census_orders set customer_id = 42 where order_id = %(id)s", id=order.order_id)
    assert {kind for _, kind, *_ in found(agreeing, "L4")} == {"status_mismatch"}

    agreeing.sql("delete from recon.census_roots where stream = 'customers' and root_id = '41'")
    assert {kind for _, kind, *_ in found(agreeing, "L4")} == {"attention"}


def test_an_order_of_a_company_is_owed_by_the_company(agreeing: AShop, order: Placed) -> None:
    agreeing.sql("update recon.census_orders set company_id = 7 where order_id = %(id)s", id=order.order_id)
    assert len(found(agreeing, "L4")) == 2

    agreeing.sql(
        "update backoffice.ledger set party = 'company/7' where order_id = %(id)s and account = '1200'",
        id=order.order_id,
    )
    assert found(agreeing, "L4") == []


@pytest.mark.parametrize("table", ["documents", "payments"])
def test_what_is_booked_in_another_company_is_found(agreeing: AShop, order: Placed, table: str) -> None:
    agreeing.sql(
        f"update backoffice.{table} set company = 'Somebody Else Ltd' where order_id = %(id)s", id=order.order_id
    )
    name = invoice(order) if table == "documents" else str(order.transaction_id)

    assert found(agreeing) == [("L4", "status_mismatch", entity(order), f"{name} company", None)]


def test_invoices_swapped_between_two_equal_orders_are_both_found_and_nothing_else_is(
    agreeing: AShop, order: Placed, other: Placed
) -> None:
    for table in ("documents", "taxes", "ledger"):
        agreeing.sql(
            f"update backoffice.{table} set order_id = case order_id when %(a)s then %(b)s else %(a)s end "
            "where external_id in (%(ia)s, %(ib)s)",
            a=order.order_id,
            b=other.order_id,
            ia=invoice(order),
            ib=invoice(other),
        )

    assert found(agreeing) == [
        ("L4", "orphan", entity(order), f"{invoice(order)} order", None),
        ("L4", "orphan", entity(other), f"{invoice(other)} order", None),
    ]


def test_what_a_person_changed_is_a_manual_edit_of_its_order(agreeing: AShop, order: Placed) -> None:
    agreeing.sql(
        "insert into backoffice.edited values "
        "(%(shop)s, 'documents', %(n)s, 'invoice/1', 'its total'), (%(shop)s, 'products', '9', 'product/9', 'deleted')",
        n=invoice(order),
    )

    assert found(agreeing) == [
        ("M1", "manual_edit", entity(order), f"documents/{invoice(order)}", None),
        ("M1", "manual_edit", "products/9", "products/9", None),
    ]


@pytest.mark.parametrize(
    ("kind", "key", "section"),
    [("line", "SHIPPING", "lines"), ("gateway", "klarna", "gateways"), ("tax", "City Tax 5%", "taxes")],
)
def test_a_word_without_an_entry_is_one_break_that_names_the_entry_to_add(
    shop: AShop, mug: Item, kind: str, key: str, section: str
) -> None:
    value_map = msgspec.structs.replace(VALUE_MAP, lines={"PRODUCT": "4000"})
    shop.order((mug, 1, "10.00"))
    gateway = key if kind == "gateway" else "shopify_payments"
    title = "City Tax" if kind == "tax" else "State Tax"
    line_type = key if kind == "line" else "PRODUCT"
    for name in ("#1002", "#1003"):
        shop.order((None, 1, "10.00"), name=name, gateway=gateway, line_type=line_type, tax_title=title)
    assert shop.push(value_map=value_map).counts["orders"] == {"created": 1, "rejected": 2, "unchanged": 0}
    shop.snapshot()
    shop.count()

    assert [row[:3] for row in found(shop, "O1", "U1", "L1", "L2", "P1", value_map=value_map) if row[0] != "O1"] == [
        ("U1", "unmapped", f"value_map/{kind}/{key}")
    ]
    ((message,),) = shop.sql("select message from recon.breaks where rule = 'U1'")
    assert message == f'no code for {kind} "{key}": add it to [{section}] of value_map.toml; 2 orders wait for it'


def test_an_unmapped_location_with_stock_is_a_break(agreeing: AShop) -> None:
    value_map = msgspec.structs.replace(VALUE_MAP, locations={"Oakland": "WEST"})

    assert [row[:3] for row in found(agreeing, "U1", value_map=value_map)] == [
        ("U1", "unmapped", "value_map/location/Brooklyn")
    ]


def test_an_unmapped_movement_of_the_balance_is_a_break_and_a_payment_or_transfer_is_none(agreeing: AShop) -> None:
    for number, (kind, transaction) in enumerate(
        (("CHARGE", 5), ("TRANSFER_PAYOUT", None), ("SHIPPING_LABEL", None)), start=1
    ):
        agreeing.sql(
            "insert into recon.census_balance (shop, balance_transaction_id, type, is_test, transaction_at, currency, "
            "amount, fee, net, order_transaction_id) "
            "values (%(shop)s, %(id)s, %(type)s, false, %(at)s, 'USD', 0, 0, 0, %(transaction)s)",
            id=number,
            type=kind,
            at=NOON,
            transaction=transaction,
        )

    assert [row[:3] for row in found(agreeing, "U1")] == [("U1", "unmapped", "value_map/balance/SHIPPING_LABEL")]
