"""The marts: dbt's models as assets, from a manifest built beforehand.

Here: the translation into Dagster's names. Not here: parsing dbt, which at import costs twenty seconds per process.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, dbt_assets

from shopify_pipeline.defs.ingest import OWNERS
from shopify_pipeline.errors import ConfigError
from shopify_pipeline.resources import DBT_PROJECT, MartsResource

MANIFEST = DBT_PROJECT / "target" / "manifest.json"


class Translator(DagsterDbtTranslator):
    """Staging and marts as two groups; sources keep the asset key their yml names."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        return "marts" if "marts" in dbt_resource_props["fqn"] else "staging"

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:
        return list(OWNERS)


def marts() -> dg.AssetsDefinition:
    """All dbt models, built and tested in one run.

    Raises:
        ConfigError: The manifest was not built.
    """
    if not MANIFEST.exists():
        raise ConfigError("dbt's manifest is missing: run `make setup`")

    # One asset takes the whole census, and another keeps the whole ledger: their tables share its key.
    settings = DagsterDbtTranslatorSettings(enable_duplicate_source_asset_keys=True)

    @dbt_assets(manifest=MANIFEST, dagster_dbt_translator=Translator(settings=settings), name="dbt_build")
    def built(context: dg.AssetExecutionContext, dbt: MartsResource) -> Iterator[Any]:
        yield from dbt.cli().cli(["build"], context=context).stream()

    return built
