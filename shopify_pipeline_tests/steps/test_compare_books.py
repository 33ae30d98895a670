"""Beside an existing connector: what it booked and what we would book, order by order; nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner, Result

from shopify_pipeline import cli
from shopify_pipeline.backoffice.mapping import Recognition
from shopify_pipeline.backoffice.other_books import Compared, read_booked
from shopify_pipeline.backoffice.value_map import ValueMap
from shopify_pipeline.errors import ConfigError
from shopify_pipeline.local.stack import toml
from shopify_pipeline.steps.compare_books import compare_books
from shopify_pipeline.warehouse.connect import connect
from shopify_pipeline_tests.reconcile.a_shop import NOON, AShop, Item
from shopify_pipeline_tests.reconcile.company import VALUE_MAP, ZONE
from shopify_pipeline_tests.reconcile.warehouse_rows import SHOP

HEAD = "order,date,total,tax\n"
DAY = "2026-11-12"


@pytest.fixture
def shop(warehouse_dsn: str, tmp_path: Path) -> Iterator[AShop]:
    with connect(warehouse_dsn) as conn:
        yield AShop.opened(conn, tmp_path)


@pytest.fixture
def mug(shop: AShop) -> Item:
    return shop.item()


def compared(
    shop: AShop, text: str, *, recognition: Recognition = "order", value_map: ValueMap = VALUE_MAP
) -> Compared:
    file = shop.folder / "booked.csv"
    file.write_text(text)
    return compare_books(
        shop.conn,
        read_booked(file),
        shop=SHOP,
        value_map=value_map,
        time_zone=ZONE,
        recognition=recognition,
        progress=shop.lines.append,
    )


def told(found: Compared) -> list[tuple[str, str, str, str, str]]:
    return [(row.order, row.status, row.figure, row.ours, row.theirs) for row in found.rows]


def test_equal_books_are_equal_whether_orders_are_named_or_numbered(shop: AShop, mug: Item) -> None:
    order = shop.order((mug, 2, "20.00"))
    for name in ("#1001", "1001", str(order.order_id), f"gid://shopify/Order/{order.order_id}"):
        found = compared(shop, f"{HEAD}{name},{DAY},21.00,1.00\n")
        assert (dict(found.orders), found.rows, found.is_equal) == ({"equal": 1}, (), True)


def test_an_order_each_side_lacks_and_one_that_differs(shop: AShop, mug: Item) -> None:
    shop.order((mug, 2, "20.00"))
    shop.order((mug, 1, "10.00"), name="#1002")
    found = compared(shop, f"{HEAD}#1001,{DAY},21.00,2.00\n#999,{DAY},5.00,0\n")
    assert told(found) == [
        ("#1001", "differs", "tax", "1.00", "2.00"),
        ("#1002", "missing", "tax", "0.50", ""),
        ("#1002", "missing", "total", "10.50", ""),
        ("#999", "extra", "total", "", "5.00"),
    ]
    assert dict(found.orders) == {"differs": 1, "missing": 1, "extra": 1}
    assert str(found.rows[0].difference) == "1.00"


def test_the_same_amount_on_another_day_is_a_difference(shop: AShop, mug: Item) -> None:
    shop.order((mug, 2, "20.00"))
    shop.order((mug, 1, "10.00"), name="#1002")
    found = compared(shop, f"{HEAD}#1001,2026-11-13,21.00,1.00\n#1002,{DAY},10.50,0.50\n")
    assert told(found) == [("#1001", "differs", "days", DAY, "2026-11-13")]


def test_journal_lines_are_compared_account_by_account(shop: AShop, mug: Item) -> None:
    shop.order((mug, 2, "20.00"))
    lines = "1200,21.00\n4000,-19.00\n4100,-1.00\n2200,-1.00\n1100,21.00\n1200,-21.00"
    found = compared(
        shop,
        "order;date;account;amount\n" + "\n".join(f"#1001;{DAY};{line.replace(',', ';')}" for line in lines.split()),
    )
    assert told(found) == [
        ("#1001", "differs", "4000", "-20.00", "-19.00"),
        ("#1001", "differs", "4100", "0", "-1.00"),
    ]


def test_revenue_that_waited_for_its_parcel_is_compared_on_the_day_it_left(shop: AShop, mug: Item) -> None:
    order = shop.order((mug, 2, "20.00"))
    shop.ship(order, NOON.replace(day=13), [2])
    deferring = msgspec.structs.replace(VALUE_MAP, accounts={**VALUE_MAP.accounts, "deferred": "2400"})
    sold = ["1200,21.00", "2400,-20.00", "2200,-1.00", "1100,21.00", "1200,-21.00"]
    rows = [f"#1001,{DAY},{line}" for line in sold]
    rows += [f"#1001,2026-11-13,{line}" for line in ("2400,20.00", "4000,-20.00")]
    text = "order,date,account,amount\n" + "\n".join(rows)
    assert compared(shop, text, recognition="fulfillment", value_map=deferring).is_equal


def test_a_tax_the_channel_remits_is_compared_on_its_own_account(shop: AShop, mug: Item) -> None:
    shop.order((mug, 2, "20.00"))
    shop.sql("update shopify.order_sale_taxes set channel_liable = true")
    remitted = msgspec.structs.replace(
        VALUE_MAP,
        taxes={**VALUE_MAP.taxes, "State Tax 5% (channel)": "State Tax 5% (channel)"},
        accounts={**VALUE_MAP.accounts, "channel_tax": "2210"},
    )
    lines = ["1200,21.00", "4000,-20.00", "2210,-1.00", "1100,21.00", "1200,-21.00"]
    text = "order,date,account,amount\n" + "\n".join(f"#1001,{DAY},{line}" for line in lines)
    assert compared(shop, text, value_map=remitted).is_equal


def test_only_the_days_of_the_file_count(shop: AShop, mug: Item) -> None:
    order = shop.order((mug, 2, "20.00"))
    shop.refund(order, NOON.replace(day=14), units=1, net="10.00", money="10.50")
    assert compared(shop, f"{HEAD}#1001,{DAY},21.00,1.00\n").is_equal


def test_an_order_we_cannot_book_says_why(shop: AShop, mug: Item) -> None:
    shop.order((mug, 1, "10.00"), gateway="klarna")
    (row,) = compared(shop, f"{HEAD}#1001,{DAY},10.50,0.50\n").rows
    assert (row.status, row.reason) == (
        "unmapped",
        "no code for gateway 'klarna': add it to [gateways] of value_map.toml",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("order,total\n#1,2\n", "needs the columns order, date and either total"),
        (HEAD, "holds no rows"),
        (f"{HEAD}#1,12.11.2026,1,0\n", "line 2: date must be written 2026-11-30"),
        (f"{HEAD}#1,{DAY},1.234,56\n#2,{DAY},'12,0\n", "line 3: total must be written 1234.50"),
        (f"{HEAD},{DAY},1,0\n", "line 2: no order"),
    ],
    ids=["columns", "rows", "date", "amount", "order"],
)
def test_a_file_that_cannot_be_read_names_its_line(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "booked.csv"
    file.write_text(text)
    with pytest.raises(ConfigError, match=message):
        read_booked(file)


# The commands, on the same shop.


def run(shop: AShop, dsn: str, *arguments: str, **settings: object) -> Result:
    entries = {"lines": VALUE_MAP.lines, "gateways": VALUE_MAP.gateways, "taxes": VALUE_MAP.taxes}
    entries |= {"locations": VALUE_MAP.locations, "accounts": {**VALUE_MAP.accounts, "opening": "3900"}}
    (shop.folder / "map.toml").write_text(
        "\n".join(
            f"[{section}]\n" + "\n".join(f'"{key}" = "{code}"' for key, code in codes.items())
            for section, codes in entries.items()
        )
    )
    section = {
        "domain": SHOP,
        "client_id": "id",
        "client_secret": "secret",
        "time_zone": ZONE,
        "go_live_on": "2026-11-10",
        "value_map": str(shop.folder / "map.toml"),
        **settings,
    }
    (shop.folder / "config.toml").write_text(
        toml({"warehouse": {"dsn": dsn}, "tryton": {"password": "x"}, "shops": {"one": section}})
    )
    command = [*arguments, "--config", str(shop.folder / "config.toml")]
    return CliRunner().invoke(cli.app, command)


def test_compare_exits_3_when_the_books_differ_and_prints_csv_no_spreadsheet_runs(
    shop: AShop, mug: Item, warehouse_dsn: str
) -> None:
    shop.order((mug, 2, "20.00"))
    file = shop.folder / "booked.csv"
    file.write_text(f"{HEAD}#1001,{DAY},21.00,1.00\n=HYPERLINK(1),{DAY},-5.00,0\n")
    result = run(shop, warehouse_dsn, "cutover", "compare", str(file), "--csv")
    assert result.exit_code == 3
    assert "'=HYPERLINK(1),extra,total,,-5.00,-5," in result.stdout
    file.write_text(f"{HEAD}#1001,{DAY},21.00,1.00\n")
    assert run(shop, warehouse_dsn, "cutover", "compare", str(file), "--json").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "settings", "message"),
    [
        (("cutover", "compare", "{csv}", "--csv", "--json"), {}, "exclude each other"),
        (("cutover", "compare", "nowhere.csv"), {}, "cannot be read"),
        (("cutover", "plan", "--balance", "paypal"), {}, "write GATEWAY=AMOUNT"),
        (("cutover", "plan", "--balance", "paypal=NaN"), {}, "write GATEWAY=AMOUNT"),
        (("cutover", "apply", "0123456789abcdef"), {}, "the plan is now"),
        (("counts", "propose"), {}, 'set stock_counts = "propose"'),
    ],
    ids=["two forms", "no file", "no amount", "no number", "another plan", "not stock master"],
)
def test_wrong_input_is_one_line_that_says_what_to_do(
    shop: AShop, mug: Item, warehouse_dsn: str, arguments: tuple[str, ...], settings: dict[str, object], message: str
) -> None:
    shop.order((mug, 1, "10.00"))
    file = shop.folder / "booked.csv"
    file.write_text(f"{HEAD}#1001,{DAY},10.50,0.50\n")
    result = run(shop, warehouse_dsn, *(each.format(csv=file) for each in arguments), **settings)
    assert isinstance(result.exception, ConfigError)
    assert message in str(result.exception)


@pytest.mark.parametrize(
    ("settings", "why"),
    [({"push": "off"}, 'push = "off"'), ({"go_live_on": "2099-01-01"}, "the books begin on 2099-01-01")],
    ids=["off", "to come"],
)
def test_nothing_is_written_while_the_push_is_off_or_the_books_have_not_begun(
    shop: AShop, mug: Item, warehouse_dsn: str, settings: dict[str, object], why: str
) -> None:
    """Nobody answers as the back office here: a call of it would fail."""
    shop.order((mug, 1, "10.00"), at=NOON.replace(day=2), gateway=None)
    marked = shop.sql("select count(*) from ops.dirty")
    pushed = run(shop, warehouse_dsn, "push", **settings)
    assert (pushed.exit_code, why in pushed.output) == (0, True)
    plan = run(shop, warehouse_dsn, "cutover", "plan", **settings)
    assert plan.exit_code == 0, plan.output
    digest = plan.output.split()[-1]
    applied = run(shop, warehouse_dsn, "cutover", "apply", digest, **settings)
    assert isinstance(applied.exception, ConfigError)
    assert why in str(applied.exception)
    assert shop.sql("select count(*) from backoffice.pushes") == [(0,)]
    assert shop.sql("select count(*) from ops.dirty") == marked
