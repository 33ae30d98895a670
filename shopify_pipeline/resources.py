"""What Dagster hands to assets: settings read once per process, and a pipeline per shop.

Here: thin resources that build plain objects. Not here: any step.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import dagster as dg
from dagster_dbt import DbtCliResource
from psycopg.conninfo import conninfo_to_dict

from shopify_pipeline.config import Settings, load_settings
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline.steps.rooms import record_failed_run

DBT_PROJECT = Path(__file__).parents[1] / "dbt_project"


class PipelineResource(dg.ConfigurableResource[Settings]):
    """Opens the settings file when a run starts; loading the definitions opens nothing.

    Attributes:
        config_path: The settings file; empty means what ``SHOPIFY_PIPELINE_CONFIG`` names.
    """

    config_path: str = ""

    def settings(self) -> Settings:
        return load_settings(Path(self.config_path) if self.config_path else None)

    def for_shop(self, domain: str, progress: Callable[[str], None]) -> Pipeline:
        return Pipeline(self.settings(), domain, progress=progress)

    def record_failure(self, shop: str, job: str, message: str) -> None:
        """Write a failed run down where status and alerts read it."""
        record_failed_run(self.settings(), shop=shop, job=job, message=message)


class MartsResource(dg.ConfigurableResource[DbtCliResource]):
    """dbt on the warehouse the settings name; its profile reads the connection from the environment."""

    config_path: str = ""

    def cli(self) -> DbtCliResource:
        """dbt's command line, with this process's environment pointing it at the warehouse."""
        settings = load_settings(Path(self.config_path) if self.config_path else None)
        os.environ.update(dbt_environment(settings))
        # The dbt beside this Python: a service's PATH need not hold the virtual environment.
        dbt = Path(sys.executable).with_name("dbt")
        return DbtCliResource(project_dir=str(DBT_PROJECT), profiles_dir=str(DBT_PROJECT), dbt_executable=str(dbt))


def dbt_environment(settings: Settings) -> dict[str, str]:
    """Environment variables that dbt_project/profiles.yml reads."""
    parts = conninfo_to_dict(settings.warehouse.dsn.get_secret_value())
    names = {"HOST": "host", "PORT": "port", "USER": "user", "PASSWORD": "password", "DATABASE": "dbname"}
    return {
        f"SHOPIFY_PIPELINE_DBT_{name}": str(parts[key]) for name, key in names.items() if parts.get(key) is not None
    }
