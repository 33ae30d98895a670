"""The API radar: every change of a schema that touches us is named, and none that does not."""

from __future__ import annotations

import copy
import gzip
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from shopify_pipeline.cli import app
from shopify_pipeline.config_sections import ShopSettings
from shopify_pipeline.errors import ConfigError
from shopify_pipeline.shopify.radar import Finding, accepts, compare, contract, read_schema
from shopify_pipeline.shopify.versions import PINNED, days_left, retires_on
from shopify_pipeline_tests.generated.contract import COMMAND, TARGET, generated
from shopify_sandbox.admin.schema import DATA

PUBLISHED = DATA / f"admin_{PINNED}.json.gz"
Schema = dict[str, Any]


@pytest.fixture(scope="module")
def published() -> Schema:
    return dict(read_schema(PUBLISHED))


def type_of(schema: Schema, name: str) -> Schema:
    return schema["types"][name]


def field_of(schema: Schema, where: str) -> Schema:
    owner, name = where.split(".")
    return next(each for each in type_of(schema, owner)["fields"] if each["name"] == name)


def named(name: str, kind: str = "SCALAR") -> Schema:
    return {"kind": kind, "name": name, "ofType": None}


def test_the_contract_is_what_the_documents_ask_today() -> None:
    assert TARGET.read_text("utf-8") == generated(), f"the documents have changed: run {COMMAND}"


def test_the_pinned_version_itself_changes_nothing(published: Schema) -> None:
    assert compare(contract(), published) == []


def drop_field(schema: Schema) -> None:
    type_of(schema, "Order")["fields"] = [each for each in type_of(schema, "Order")["fields"] if each["name"] != "name"]


def retype_field(schema: Schema) -> None:
    field_of(schema, "LineItem.quantity")["type"] = {"kind": "NON_NULL", "name": None, "ofType": named("String")}


def make_nullable(schema: Schema) -> None:
    field_of(schema, "Order.name")["type"] = named("String")


def deprecate(schema: Schema) -> None:
    field_of(schema, "Order.name")["isDeprecated"] = True


def demand_argument(schema: Schema) -> None:
    required = {"kind": "NON_NULL", "name": None, "ofType": named("Boolean")}
    field_of(schema, "QueryRoot.orders")["args"].append({"name": "really", "type": required, "defaultValue": None})


def drop_argument(schema: Schema) -> None:
    orders = field_of(schema, "QueryRoot.orders")
    orders["args"] = [each for each in orders["args"] if each["name"] != "query"]


def add_enum_value(schema: Schema) -> None:
    type_of(schema, "OrderDisplayFinancialStatus")["enumValues"].append({"name": "BARTERED", "isDeprecated": False})


def drop_sent_value(schema: Schema) -> None:
    keys = type_of(schema, "OrderSortKeys")
    keys["enumValues"] = [each for each in keys["enumValues"] if each["name"] != "UPDATED_AT"]


def drop_type(schema: Schema) -> None:
    del schema["types"]["Refund"]


def add_member(schema: Schema) -> None:
    type_of(schema, "SalesAgreement")["possibleTypes"].append(named("BarterAgreement", "OBJECT"))


def narrow_scopes(schema: Schema) -> None:
    schema["access"]["Order"] = ["read_secret_orders"]


@pytest.mark.parametrize(
    ("change", "kind", "where", "says"),
    [
        (drop_field, "breaking", "Order.name", "is gone"),
        (retype_field, "breaking", "LineItem.quantity", "was Int!, is String!"),
        (make_nullable, "breaking", "Order.name", "was String!, is String: it may be null now"),
        (deprecate, "deprecated", "Order.name", "is deprecated now"),
        (demand_argument, "breaking", "QueryRoot.orders(really:)", "must be given now"),
        (drop_argument, "breaking", "QueryRoot.orders(query:)", "is gone"),
        (add_enum_value, "new", "OrderDisplayFinancialStatus.BARTERED", "is a value we have not met"),
        (drop_sent_value, "breaking", "OrderSortKeys.UPDATED_AT", "is gone, and we send it"),
        (drop_type, "breaking", "Refund.id", "is gone"),
        (add_member, "new", "SalesAgreement = BarterAgreement", "is a type we have not met"),
        (narrow_scopes, "breaking", "Order", "needs one of the scopes read_secret_orders now"),
    ],
)
def test_a_change_that_touches_us_is_named_with_the_operations_it_touches(
    published: Schema, change: Callable[[Schema], None], kind: str, where: str, says: str
) -> None:
    newer = copy.deepcopy(published)
    change(newer)
    found = {finding.where: finding for finding in compare(contract(), newer)}
    assert (found[where].kind, found[where].says) == (kind, says)
    assert found[where].operations


def test_a_change_of_what_we_do_not_ask_for_is_not_named(published: Schema) -> None:
    newer = copy.deepcopy(published)
    del newer["types"]["DraftOrder"]
    type_of(newer, "Order")["fields"].append({"name": "mood", "type": named("String"), "args": []})
    assert compare(contract(), newer) == []


def test_what_breaks_comes_first(published: Schema) -> None:
    newer = copy.deepcopy(published)
    for change in (add_enum_value, deprecate, drop_sent_value):
        change(newer)
    assert [each.kind for each in compare(contract(), newer)] == ["breaking", "deprecated", "new"]


@pytest.mark.parametrize(
    ("wanted", "given", "fits"),
    [("Int", "Int", True), ("Int", "Int!", True), ("Int!", "Int", False), ("String", "Int", False)],
)
def test_a_place_takes_what_cannot_be_null_where_it_may(wanted: str, given: str, fits: bool) -> None:
    assert accepts(wanted, given) is fits


def test_a_schema_may_be_plain_or_gzip_and_a_bare_introspection(tmp_path: Path, published: Schema) -> None:
    content = json.loads(gzip.decompress(PUBLISHED.read_bytes()))
    plain, bare = tmp_path / "plain.json", tmp_path / "bare.json"
    plain.write_text(json.dumps(content))
    bare.write_text(json.dumps(content["data"]))
    assert read_schema(plain)["types"] == published["types"]
    assert compare(contract(), read_schema(bare)) == []


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\x1f\x8bnot gzip", b"<html>"])
def test_a_file_that_is_no_schema_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "schema.json"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="holds no published schema"):
        read_schema(path)


def test_the_command_says_what_breaks_and_exits_3(tmp_path: Path) -> None:
    content = json.loads(gzip.decompress(PUBLISHED.read_bytes()))
    types = {each["name"]: each for each in content["data"]["__schema"]["types"]}
    drop_field({"types": types})
    newer = tmp_path / "newer.json"
    newer.write_text(json.dumps(content))

    result = CliRunner().invoke(app, ["api", "radar", str(newer), "--json"])

    assert result.exit_code == 3
    found = [Finding(**each) for each in json.loads(result.stdout)["findings"]]
    assert [(each.kind, each.where) for each in found] == [("breaking", "Order.name")]


def test_the_command_is_content_with_the_pinned_version() -> None:
    assert CliRunner().invoke(app, ["api", "radar", str(PUBLISHED)]).exit_code == 0


@pytest.mark.parametrize(("version", "day"), [("2026-10", date(2027, 10, 1)), ("2026-01", date(2027, 1, 1))])
def test_a_version_may_retire_a_year_after_its_quarter_began(version: str, day: date) -> None:
    assert retires_on(version) == day


def test_the_days_left_are_counted_in_utc() -> None:
    assert days_left("2026-10", datetime(2027, 9, 30, 23, 59, tzinfo=UTC)) == 1
    assert days_left("2026-10", datetime(2027, 10, 2, tzinfo=UTC)) == -1


def test_a_shop_is_asked_by_the_version_the_documents_are_written_for() -> None:
    assert ShopSettings.model_fields["api_version"].default == PINNED
