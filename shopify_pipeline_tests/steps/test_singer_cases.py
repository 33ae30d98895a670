"""The target cases of the Singer SDK (``singer_sdk.testing.target_tests``, its standard suite), by their names.

A Singer target is told its schema in the stream; ours is the field map, so that each case says here what it means for
our loader: the same damage must not be possible.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from shopify_pipeline.cli import app
from shopify_pipeline.schemas import STREAMS
from shopify_pipeline_tests.builders import an_order, as_bulk, bag, page
from shopify_pipeline_tests.steps.conftest import Loading


def orders(*nodes: dict[str, Any]) -> tuple[str, list[bytes]]:
    return ("page", [page("orders", *nodes)])


def without(order: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in order.items() if name not in names}


def test_target_array_data(loading: Loading) -> None:
    """Lists become rows of a table of their own, in their order; an empty list becomes none."""
    loading("orders", orders(an_order(1, tags=["apple", "orange", "pear"]), an_order(2, tags=[])))

    assert loading.rows("select order_id, position, tag from shopify.order_tags order by 1, 2") == [
        (1, 0, "apple"),
        (1, 1, "orange"),
        (1, 2, "pear"),
    ]


def test_target_camelcase(loading: Loading) -> None:
    """Shopify's camel case becomes snake case once, in the field map; no second spelling of a column can appear."""
    loading("orders", orders(an_order(1, cancelReason="FRAUD")))

    assert loading.rows("select cancel_reason from shopify.orders") == [("FRAUD",)]
    assert (
        loading.rows(
            "select column_name from information_schema.columns where table_schema = 'shopify' "
            "and column_name <> lower(column_name)"
        )
        == []
    )


def test_target_camelcase_complex_schema(loading: Loading) -> None:
    """Nested objects are flattened into the columns the field map names, by path and not by guessed names."""
    loading("orders", orders(an_order(1, totalPriceSet=bag("12.5"))))

    assert loading.rows("select total_price_shop::text, total_price_presentment::text from shopify.orders") == [
        ("12.500000", "12.500000")
    ]


def test_target_cli_prints() -> None:
    """The command says what it can do without any configuration."""
    result = CliRunner().invoke(app, ["--help"])

    assert result.exit_code == 0
    assert "sync" in result.output


def test_target_duplicate_records(loading: Loading) -> None:
    """The same root several times in a load is one row: the newest; the others are counted as superseded."""
    readings = [an_order(1, total=total, updated=f"12:00:0{n}") for n, total in enumerate(("1.0", "20.0", "10.0"))]

    loaded = loading("orders", orders(readings[0], readings[2]), orders(readings[1]))

    assert (loaded.received, loaded.loaded, loaded.superseded) == (3, 1, 2)
    assert loading.rows("select total_price_shop::int from shopify.orders") == [(10,)]


ENCODED = ["simple text", "çãáà", "\\u0041 \\n \\t", "\u202eright to left", "tab\tnew\nline\r", "🙂", "\\N", "\\.", ""]


@pytest.mark.parametrize("written", ENCODED, ids=repr)
def test_target_encoded_string_data(loading: Loading, written: str) -> None:
    """Text arrives as it was sent, whatever it looks like to JSON, to COPY or to a terminal."""
    loading("orders", orders(an_order(1, note=written)))

    assert loading.rows("select note from shopify.orders") == [(written,)]


def test_target_encoded_string_data_with_nul(loading: Loading) -> None:
    """PostgreSQL cannot hold NUL; it stays visible as the replacement character."""
    loading("orders", orders(an_order(1, note="a\x00b")))

    assert loading.rows("select note from shopify.orders") == [("a\ufffdb",)]


def test_target_invalid_schema(loading: Loading) -> None:
    """A body that is not what an answer looks like loads nothing and moves nothing."""
    with pytest.raises(Exception, match=r".+"):
        loading("orders", ("page", [b'{"data": {"orders": {"nodes": [17], "pageInfo": {}}}}']))

    assert loading.rows("select count(*) from shopify.orders") == [(0,)]
    assert loading.rows("select count(*) from ops.cursors") == [(0,)]


def test_target_no_primary_keys(loading: Loading) -> None:
    """What has no id of its own is keyed by its root and its place, and read again it is not there twice."""
    loading("orders", orders(an_order(1, tags=["a", "a"])))
    loading("orders", orders(an_order(1, tags=["a", "a", "b"])))

    assert loading.rows("select position, tag from shopify.order_tags order by 1") == [(0, "a"), (1, "a"), (2, "b")]


def test_target_optional_attributes(loading: Loading) -> None:
    """What may be null is null in its row, and only there."""
    loading("orders", orders(an_order(1, note="kept"), an_order(2, note=None), an_order(3, customer=None)))

    assert loading.rows("select order_id, note, customer_id from shopify.orders order by 1") == [
        (1, "kept", 7),
        (2, None, 7),
        (3, None, None),
    ]


def test_target_pk_updates(loading: Loading) -> None:
    """Another id is another root: the first stays what it was, and both are owed."""
    loading("orders", orders(an_order(1, name="#1001")))
    loading("orders", orders(an_order(2, name="#1001")))

    assert loading.rows("select order_id, name from shopify.orders order by 1") == [(1, "#1001"), (2, "#1001")]


def test_target_record_before_schema(loading: Loading) -> None:
    """A record of a type the field map does not have is withheld by name; nothing is guessed from its fields."""
    loaded = loading("orders", ("bulk", [b'{"id":"gid://shopify/Mystery/1","name":"?"}', *as_bulk(an_order(1))]))

    assert (loaded.loaded, loaded.quarantined) == (1, 1)
    assert loading.rows("select root_type, rule from ops.quarantine") == [("Mystery", "unknown_node")]


def test_target_record_missing_key_property(loading: Loading) -> None:
    """A root without its id is withheld, and the others are loaded."""
    lines = [json.dumps(without(an_order(9), "id", "lineItems", "shippingLines", "agreements")).encode()]

    loaded = loading("orders", ("bulk", [*lines, *as_bulk(an_order(1))]))

    assert (loaded.loaded, loaded.quarantined) == (1, 1)
    assert loading.rows("select order_id from shopify.orders") == [(1,)]


def test_target_record_missing_optional_fields(loading: Loading) -> None:
    """A field that is absent is not a null: the query asked for it, so the answer is not whole; null is a null."""
    loaded = loading("orders", orders(without(an_order(1), "note"), an_order(2, note=None)))

    assert (loaded.loaded, loaded.quarantined) == (1, 1)
    assert loading.rows("select rule, message from ops.quarantine") == [
        ("missing_field", "order #1001: it has no note")
    ]


def test_target_schema_no_properties() -> None:
    """There is no table without columns, and no column without a description: the field map says what it holds."""
    for stream in STREAMS.values():
        for table in stream.tables:
            assert table.columns, table.name
            assert all(column.description for column in table.columns), table.name


def test_target_schema_updates(loading: Loading) -> None:
    """Fields Shopify adds are ignored until the field map takes them; they neither break a load nor add a column."""
    before = loading.rows("select count(*) from information_schema.columns where table_schema = 'shopify'")

    loaded = loading("orders", orders(an_order(1, brandNewField={"deep": [1, 2.5]})))

    assert (loaded.loaded, loaded.quarantined) == (1, 0)
    assert loading.rows("select count(*) from information_schema.columns where table_schema = 'shopify'") == before


def test_target_special_chars_in_attributes(loading: Loading) -> None:
    """Characters of a name that mean something to SQL are data; column names are ours alone."""
    attribute = {"key": 'a"b; drop table shopify.orders; --', "value": "$1 %(shop)s \\"}

    loading("orders", orders(an_order(1, customAttributes=[attribute])))

    assert loading.rows("select name, value from shopify.order_attributes") == [(attribute["key"], attribute["value"])]


def test_every_case_of_the_suite_has_a_test_here() -> None:
    suite = {
        "array_data",
        "camelcase",
        "camelcase_complex_schema",
        "cli_prints",
        "duplicate_records",
        "encoded_string_data",
        "invalid_schema",
        "no_primary_keys",
        "optional_attributes",
        "pk_updates",
        "record_before_schema",
        "record_missing_key_property",
        "record_missing_optional_fields",
        "schema_no_properties",
        "schema_updates",
        "special_chars_in_attributes",
    }
    named = {name.removeprefix("test_target_") for name in globals() if name.startswith("test_target_")}

    assert len(suite) == 16
    assert suite <= named
