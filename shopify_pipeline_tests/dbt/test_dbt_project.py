"""The project keeps its own rules: everything is described, everything is tested or says why not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from dbt.contracts.graph.manifest import Manifest

from shopify_pipeline_tests.dbt.conftest import PROJECT, Marts

PREFIXES = {"staging": "stg_", "intermediate": "int_", "marts": ""}


@pytest.fixture(scope="module")
def manifest(parsed_marts: Marts) -> Manifest:
    assert parsed_marts.manifest is not None
    return parsed_marts.manifest


def _models(manifest: Manifest) -> Iterator[Any]:
    return (node for node in manifest.nodes.values() if node.resource_type == "model")


def test_every_model_says_its_grain_first_and_is_named_after_its_layer(manifest: Manifest) -> None:
    for model in _models(manifest):
        layer = model.fqn[1]
        assert model.description.startswith("One row per "), model.name
        assert model.name.startswith(PREFIXES[layer]), model.name
        assert (PROJECT / "models" / layer / f"{model.name}.yml").exists(), model.name


def test_every_column_a_model_has_is_described_in_its_order_and_no_other(marts: Marts, manifest: Manifest) -> None:
    for model in _models(manifest):
        found = marts.rows(
            """
            select column_name
            from information_schema.columns
            where table_schema = %s and table_name = %s
            order by ordinal_position
            """,
            model.schema,
            model.name,
        )
        assert [name for (name,) in found] == list(model.columns), model.name
        assert [name for name, column in model.columns.items() if not column.description] == [], model.name


def test_every_column_is_tested_or_says_why_not(manifest: Manifest) -> None:
    bare = [
        f"{model.name}.{name}"
        for model in _models(manifest)
        for name, column in model.columns.items()
        if not model.meta.get("untested")
        and not column.meta.get("untested")
        and not _is_tested(manifest, model, column)
    ]
    assert bare == []


def test_every_model_is_tested_to_have_its_key(manifest: Manifest) -> None:
    keyed = {
        test.attached_node
        for test in manifest.nodes.values()
        if test.resource_type == "test" and test.test_metadata.name == "is_key"
    }
    assert {model.unique_id for model in _models(manifest)} - keyed == set()


def test_every_mart_has_a_primary_key_and_an_enforced_contract(manifest: Manifest) -> None:
    for model in _models(manifest):
        if model.fqn[1] == "marts":
            assert model.config.contract.enforced, model.name
            assert [constraint.type for constraint in model.constraints] == ["primary_key"], model.name


def test_every_case_and_every_window_has_a_unit_test(manifest: Manifest) -> None:
    unit_tested = {test.model for test in manifest.unit_tests.values()}
    branching = {model.name for model in _models(manifest) if re.search(r"\bcase\b|\bover\s*\(", model.raw_code)}
    assert branching - unit_tested == set()


def test_sources_carry_the_asset_keys_of_the_assets_that_fill_them(manifest: Manifest) -> None:
    first = {"shopify": "warehouse", "backoffice": "backoffice", "recon": "recon", "ops": "ops"}
    assert len(manifest.sources) > 30
    for source in manifest.sources.values():
        own = source.name if source.source_name != "recon" else "census" if "census" in source.name else "breaks"
        assert source.config.meta["dagster"]["asset_key"] == [first[source.source_name], own]


def test_only_staging_and_tests_read_sources(manifest: Manifest) -> None:
    readers = {
        model.name
        for model in _models(manifest)
        if any(name.startswith("source.") for name in model.depends_on.nodes) and model.fqn[1] != "staging"
    }
    assert readers == set()


def test_no_model_speaks_of_a_float_or_picks_one_engines_words() -> None:
    spoken = re.compile(
        r"::|\bfloat|\bdouble\b|distinct on|\bilike\b|\bfilter \(|at time zone|string_agg|to_char", re.IGNORECASE
    )
    found = {
        str(file.relative_to(PROJECT)): spoken.findall(file.read_text())
        for file in (PROJECT / "models").rglob("*.sql")
        if spoken.search(file.read_text())
    }
    assert found == {}


def _is_tested(manifest: Manifest, model: Any, column: Any) -> bool:
    if any(constraint.type == "not_null" for constraint in column.constraints):
        return True
    word = re.compile(rf"\b{column.name}\b")
    for test in manifest.nodes.values():
        if test.resource_type != "test" or test.attached_node != model.unique_id:
            continue
        said = str(test.test_metadata.kwargs) + str(test.config.where)
        if test.column_name == column.name or word.search(said):
            return True
    return any(
        column.name in row
        for test in manifest.unit_tests.values()
        if test.model == model.name
        for row in test.expect.rows
    )
