"""Typed settings: one TOML file, every key of which an environment variable can override.

Here: reading them. Not here: what a section holds (``config_sections.py``), opening anything.
``SHOPIFY_PIPELINE_CONFIG`` names the file; ``SHOPIFY_PIPELINE_WAREHOUSE__DSN`` overrides ``[warehouse] dsn``.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from shopify_pipeline.config_sections import (
    BackofficeSettings,
    ExtractSettings,
    LagSettings,
    LandingSettings,
    RuleSettings,
    ShopSettings,
    TriggerSettings,
    TrytonSettings,
    WarehouseSettings,
)
from shopify_pipeline.errors import ConfigError

CONFIG_VARIABLE = "SHOPIFY_PIPELINE_CONFIG"
PREFIX = "SHOPIFY_PIPELINE_"


class Settings(BaseSettings):
    """Everything that can be set."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    home: Path = Path(".state")
    landing_url: str | None = None
    warehouse: WarehouseSettings
    backoffice: BackofficeSettings = BackofficeSettings()
    tryton: TrytonSettings = TrytonSettings()
    shops: dict[str, ShopSettings] = Field(min_length=1)
    landing: LandingSettings = LandingSettings()
    extract: ExtractSettings = ExtractSettings()
    lag: LagSettings = LagSettings()
    rules: dict[str, RuleSettings] = {}
    triggers: TriggerSettings = TriggerSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file, which arrives as init arguments."""
        return env_settings, init_settings

    def shop(self, domain: str) -> ShopSettings:
        """Settings of the shop with this domain.

        Raises:
            ConfigError: No such shop is configured.
        """
        for settings in self.shops.values():
            if settings.domain == domain:
                return settings
        known = ", ".join(sorted(s.domain for s in self.shops.values()))
        raise ConfigError(f"no shop {domain} is configured; known: {known}")

    @property
    def landing_place(self) -> str | Path:
        """Where raw bodies go: an object store's URL, or a folder below home."""
        return self.landing_url or self.home / "landing"


def load_settings(path: Path | None = None) -> Settings:
    """Read the settings file and the environment.

    Args:
        path: The file; default is what ``SHOPIFY_PIPELINE_CONFIG`` names, else ``.state/config.toml``.

    Raises:
        ConfigError: The file is missing or not TOML, a key is unknown, or a value is wrong. One line per mistake.
    """
    path = settings_path(path)
    try:
        values = tomllib.loads(path.read_text())
    except FileNotFoundError as exc:
        raise ConfigError(
            f"no settings at {path}: set {CONFIG_VARIABLE}, or start a local stack with `make run`"
        ) from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise ConfigError(f"{path} is not TOML: {exc}") from exc
    return settings_from(path, values)


def settings_path(path: Path | None = None) -> Path:
    """Which file the settings are read from."""
    return path or Path(os.environ.get(CONFIG_VARIABLE, ".state/config.toml"))


def settings_from(path: Path, values: dict[str, Any]) -> Settings:
    """Settings from what a file says and the environment.

    Args:
        path: The file, for messages.

    Raises:
        ConfigError: A key is unknown, or a value is wrong. One line per mistake.
    """
    try:
        return Settings(**values)
    except ValidationError as exc:
        raise ConfigError("; ".join(_explain(path, dict(error)) for error in exc.errors())) from exc


def _explain(path: Path, error: dict[str, object]) -> str:
    where = ".".join(str(part) for part in error["loc"]) if isinstance(error["loc"], tuple) else ""
    if error["type"] == "extra_forbidden":
        return f"{path}: {where} is not a setting; check its spelling"
    if error["type"] == "missing":
        return f"{path}: {where} is missing"
    return f"{path}: {where}: {str(error['msg']).removeprefix('Value error, ')}"
