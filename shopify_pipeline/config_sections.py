"""The sections of the settings: what can be set, its default and its unit.

Here: one typed class per section. Not here: reading the file and the environment (``config.py``).
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from shopify_pipeline.errors import ConfigError

MAKE_A_KEY = 'python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'


class Section(BaseModel):
    """A part of the settings; an unknown key is an error, so that a misspelt one cannot be ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


#: Namespace and key of a metafield.
MetafieldKey = Annotated[str, Field(pattern=r"^[A-Za-z0-9$:_-]+\.[A-Za-z0-9_-]+$")]


class RuleSettings(Section):
    """What is said of one rule of reconciliation; what is not set stays as the rule is.

    Attributes:
        tolerance: Minor units of the currency by which an amount may differ; for documents people type.
        lag_seconds: How old a fact must be before it is missed.
        repair: ``off``: nothing is proposed; ``propose``: a person decides; ``auto``: what only adds is pushed again.
    """

    tolerance: int | None = Field(None, ge=0)
    lag_seconds: int | None = Field(None, ge=0)
    repair: Literal["off", "propose", "auto"] | None = None


class ShopSettings(Section):
    """One shop and how to reach it.

    Attributes:
        domain: The permanent ``*.myshopify.com`` domain; the first part of every key.
        endpoint: Base address when it is not ``https://<domain>`` (a sandbox).
        ca_file: Certificate authority to trust beside the system's (a sandbox).
        client_id: The app's; with its client secret alone, tokens come from the client credentials grant.
        access_token: A token that does not expire, of an app made in the shop's admin before 2026.
        refresh_token_file: The refresh token the app's installation gave (a public app); read once, then the warehouse
            holds its successors.
        token_key_file: Fernet key those are sealed with: 32 bytes, URL-safe base64.
        time_zone: The shop's own zone; schedules follow it, and a shop that says otherwise is refused.
        go_live_on: First day of the books in the shop's zone; nothing earlier is pushed. None, or to come: nothing
            at all is.
        push: ``off``: the back office is read and compared with, and never written to.
        value_map: The reviewed file that maps Shopify's words to the back office's codes.
        recognition: When revenue is: with the order, or as its units leave (it waits on a deferred account till then).
        stock_counts: Whether the back office's stock is counted after the shop's: not at all, as proposals that a
            person applies, or at once.
        webhook_uri: Where the shop delivers hints; None leaves subscriptions alone.
        client_secret_previous_file: The client secret before the last rotation, while Shopify may still sign with it.
        bulk_hosts: Hosts the files of bulk operations may be read from, beside the endpoint's own; Shopify's storage.
        rules: Rule → what this shop says of it, beside what all shops do.
        metafields: Stream → namespaces and keys of the metafields to read (``orders = ["custom.gift_message"]``).
    """

    domain: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*\.myshopify\.com$")
    endpoint: str | None = None
    ca_file: Path | None = None
    api_version: str = Field("2026-10", pattern=r"^\d{4}-(01|04|07|10)$")
    client_id: str | None = None
    client_secret: SecretStr | None = None
    client_secret_file: Path | None = None
    client_secret_previous_file: Path | None = None
    access_token: SecretStr | None = None
    refresh_token_file: Path | None = None
    token_key_file: Path | None = None
    time_zone: str = "UTC"
    go_live_on: date | None = None
    value_map: Path | None = None
    recognition: Literal["order", "fulfillment"] = "order"
    push: Literal["on", "off"] = "on"
    stock_counts: Literal["off", "propose", "apply"] = "off"
    webhook_uri: str | None = None
    bulk_hosts: tuple[str, ...] = ("storage.googleapis.com",)
    metafields: dict[Literal["orders", "customers", "products"], tuple[MetafieldKey, ...]] = {}
    rules: dict[str, RuleSettings] = {}

    @field_validator("endpoint")
    @classmethod
    def _encrypted(cls, endpoint: str | None) -> str | None:
        if endpoint is not None and not endpoint.startswith("https://"):
            raise ValueError("the endpoint must be https://")
        return endpoint

    @model_validator(mode="after")
    def _has_credentials(self) -> ShopSettings:
        if self.access_token is not None and self.refresh_token_file is not None:
            raise ValueError("access_token and refresh_token_file exclude each other: remove one")
        if self.access_token is None and self.secret() is None:
            raise ValueError("no token: set client_id with client_secret_file (or client_secret), or access_token")
        if self.access_token is None and self.client_id is None:
            raise ValueError("client_id is missing beside the client secret")
        if self.refresh_token_file is not None and self.token_key_file is None:
            raise ValueError(f"token_key_file is missing beside refresh_token_file; make one: {MAKE_A_KEY}")
        return self

    @property
    def base_url(self) -> str:
        return (self.endpoint or f"https://{self.domain}").rstrip("/")

    def secret(self) -> SecretStr | None:
        """The client secret, from its file when one is named; it also signs webhooks.

        Raises:
            ConfigError: Its file cannot be read.
        """
        if self.client_secret_file is not None:
            return _secret_in(self.client_secret_file, "client_secret_file")
        return self.client_secret

    def previous_secret(self) -> SecretStr | None:
        """The client secret before the last rotation; webhooks signed with it are accepted, too.

        Raises:
            ConfigError: Its file cannot be read.
        """
        if self.client_secret_previous_file is None:
            return None
        return _secret_in(self.client_secret_previous_file, "client_secret_previous_file")

    def first_refresh_token(self) -> SecretStr | None:
        """The refresh token of the installation; None when its file is gone, as it may be once it was used."""
        if self.refresh_token_file is None or not self.refresh_token_file.exists():
            return None
        return _secret_in(self.refresh_token_file, "refresh_token_file")

    def token_key(self) -> SecretStr:
        """What stored tokens are sealed with.

        Raises:
            ConfigError: No readable token_key_file is set.
        """
        if self.token_key_file is None:
            raise ConfigError(f"{self.domain}: token_key_file is not set; make one: {MAKE_A_KEY}")
        return _secret_in(self.token_key_file, "token_key_file")


def _secret_in(path: Path, setting: str) -> SecretStr:
    try:
        return SecretStr(path.read_text().strip())
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "not a text"
        raise ConfigError(f"{setting} cannot be read: {reason}: {path}") from exc


class WarehouseSettings(Section):
    """PostgreSQL ≥ 15."""

    dsn: SecretStr


class BackofficeSettings(Section):
    """Which back office there is, and how patient a push is with it.

    Attributes:
        adapter: Name of an adapter: ``tryton``, ``journal``, or one that another distribution brings.
        options: What that adapter wants to know; ``tryton`` has a section of its own.
        failures_max: After so many failures in a row that another try may cure, it is left alone for a while.
        pause_seconds: For how long; the warehouse goes on meanwhile.
    """

    adapter: str = "tryton"
    options: dict[str, Any] = Field({}, repr=False)
    failures_max: int = Field(3, ge=1)
    pause_seconds: int = Field(60, ge=0)


class TrytonSettings(Section):
    """The Tryton server; plain http only to this machine."""

    url: str = "http://127.0.0.1:8000"
    database: str = "company"
    user: str = "shopify"
    password: SecretStr | None = None
    password_file: Path | None = None
    timeout_seconds: float = Field(180.0, gt=0)
    batch_size: int = Field(10, ge=1, le=20)

    @field_validator("url")
    @classmethod
    def _private(cls, url: str) -> str:
        if not url.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            raise ValueError("the back office must be reached over https:// (http:// only on this machine)")
        return url.rstrip("/")

    def secret(self) -> str:
        """The service user's password.

        Raises:
            ConfigError: Neither password nor a readable password_file is set.
        """
        if self.password is not None:
            return self.password.get_secret_value()
        if self.password_file is None:
            raise ConfigError("no password for the back office: set [tryton] password_file")
        try:
            return self.password_file.read_text().strip()
        except OSError as exc:
            raise ConfigError(f"[tryton] password_file cannot be read: {exc.strerror}: {exc.filename}") from exc


class ExtractSettings(Section):
    """How the shop is read.

    Attributes:
        overlap_seconds: How far behind its cursor a window begins: Shopify's search index is late.
        bulk_threshold: From this many roots on, they are read by a bulk operation.
        page_size: Roots per page to begin with.
        backfill_days: How many days a stream's first load reads back; what is older follows in slices as long while
            increments go on. None: the first load reads everything at once.
    """

    overlap_seconds: int = Field(600, ge=0)
    bulk_threshold: int = Field(1000, ge=1)
    page_size: int = Field(250, ge=1, le=250)
    backfill_days: int | None = Field(None, ge=1)


class LandingSettings(Section):
    """How the landing zone is reached when it is an S3 bucket, and how long it is kept.

    Attributes:
        endpoint: Address of a store that is not Amazon's; plain http only to this machine.
        access_key_id: With the secret; without both, what the environment or the machine's role gives is used.
        ca_file: Certificate authority the endpoint's certificate is of, beside the system's.
        keep_days: After so many days a load goes that a later full load of its stream made superfluous. None: all are
            kept, and the tables can be rebuilt with every version they ever held.
    """

    endpoint: str | None = None
    region: str | None = None
    access_key_id: str | None = None
    secret_access_key: SecretStr | None = None
    secret_access_key_file: Path | None = None
    ca_file: Path | None = None
    keep_days: int | None = Field(None, ge=1)

    @field_validator("endpoint")
    @classmethod
    def _private(cls, endpoint: str | None) -> str | None:
        if endpoint is not None and not endpoint.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            raise ValueError("the landing zone must be reached over https:// (http:// only on this machine)")
        return endpoint

    @model_validator(mode="after")
    def _has_whole_key(self) -> LandingSettings:
        has_secret = self.secret_access_key is not None or self.secret_access_key_file is not None
        if has_secret != (self.access_key_id is not None):
            raise ValueError("access_key_id and secret_access_key_file belong together: set both or none")
        return self

    def secret(self) -> SecretStr | None:
        """The secret access key, from its file when one is named.

        Raises:
            ConfigError: Its file cannot be read.
        """
        if self.secret_access_key_file is not None:
            return _secret_in(self.secret_access_key_file, "[landing] secret_access_key_file")
        return self.secret_access_key

    def certificate_authority(self) -> str | None:
        """The PEM text of ``ca_file``.

        Raises:
            ConfigError: It cannot be read.
        """
        if self.ca_file is None:
            return None
        return _secret_in(self.ca_file, "[landing] ca_file").get_secret_value()


class LagSettings(Section):
    """How long a fact may be on its way before its absence is a break."""

    backoffice_seconds: int = Field(3600, ge=0)
    quarantine_share_max: float = Field(0.01, ge=0, le=1)
    quarantine_roots_max: int = Field(50, ge=0)
    missing_share_max: float = Field(0.005, ge=0, le=1)


class TriggerSettings(Section):
    """What starts a run without anybody touching the UI.

    Attributes:
        inbox: Webhook hints start a sync.
        watermark: A newer ``updatedAt`` in the shop starts a sync, whether or not a hint came.
        interval_seconds: How often both are looked at.
        whole_interval_seconds: How long a started run leaves a stream alone that can only be read whole, because
            Shopify has no filter for what changed in it (gift cards, store credit).
        reconcile_after_sync: Reconcile after every sync; for small shops.
        reconciliation_cron: When the nightly reconciliation runs, on the shop's clock.
        subscriptions_cron: When webhook subscriptions are looked after, on the shop's clock.
        marts_cron: When the marts are rebuilt, on the shop's clock.
        retention_cron: When the landing zone is tidied, on the shop's clock.
    """

    inbox: bool = True
    watermark: bool = True
    interval_seconds: int = Field(10, ge=5)
    whole_interval_seconds: int = Field(21_600, ge=0)
    reconcile_after_sync: bool = False
    reconciliation_cron: str = "0 3 * * *"
    subscriptions_cron: str = "0 6 * * *"
    marts_cron: str = "30 * * * *"
    retention_cron: str = "0 5 * * *"
