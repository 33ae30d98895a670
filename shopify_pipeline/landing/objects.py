"""Which object store an address means, how it is opened, and what its refusals mean.

Here: everything that knows one kind of store from another. Not here: what is kept in it (``store.py``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError, UnknownConfigurationKeyError
from obstore.store import LocalStore, ObjectStore, from_url

from shopify_pipeline.config_sections import LandingSettings
from shopify_pipeline.errors import ConfigError, TransientError

#: A store that stays silent this long fails the run: the next one reads the same window again.
_RETRIES = 5
_RETRY_SECONDS = 60

_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>([A-Za-z]{1,60})</Code>")


def open_store(place: str | Path, settings: LandingSettings) -> ObjectStore:
    """Open a directory (made when missing), or an address such as ``s3://bucket/prefix``, ``gs://…``, ``az://…``.

    Raises:
        ConfigError: The address or a setting beside it means nothing; or a file it names cannot be read.
    """
    if not isinstance(place, str) or "://" not in place:
        directory = Path(place)
        directory.mkdir(parents=True, exist_ok=True)
        return LocalStore(directory)
    if place.startswith("memory:"):
        return from_url(place)
    options: dict[str, Any] = {"allow_http": bool(settings.endpoint and settings.endpoint.startswith("http://"))}
    authority = settings.certificate_authority()
    if authority is not None:
        options["root_certificate"] = authority
    retry = {"max_retries": _RETRIES, "retry_timeout": timedelta(seconds=_RETRY_SECONDS)}
    try:
        return from_url(place, config=_configured(place, settings), client_options=options, retry_config=retry)  # type: ignore[call-overload,no-any-return]
    except UnknownConfigurationKeyError as exc:
        raise ConfigError("[landing] endpoint, region and keys are for s3:// alone: other stores have theirs in the "
                          "environment") from exc  # fmt: skip
    except BaseError as exc:
        raise ConfigError(f"landing_url {place} is no address of an object store, such as s3://bucket/prefix") from exc


@contextmanager
def speaking_to(place: str) -> Iterator[None]:
    """Give what a store refuses a name; what it answered is not quoted, for it may hold keys.

    Raises:
        ConfigError: There is no such bucket, or these credentials may not do this.
        TransientError: It does not answer, or not sensibly.
        FileNotFoundError: The bucket is there, the object is not.
    """
    try:
        yield
    except (PermissionDeniedError, UnauthenticatedError) as exc:
        raise ConfigError(
            f"the landing zone {place} refuses these credentials{_said(exc)}: check [landing] access_key_id and "
            "secret_access_key_file, and that they may list, read, write and delete there"
        ) from exc
    except (FileNotFoundError, BaseError) as exc:
        if "NoSuchBucket" in str(exc):
            raise ConfigError(
                f"the landing zone {place} does not exist: create the bucket or correct landing_url"
            ) from exc
        if isinstance(exc, FileNotFoundError):
            raise
        raise TransientError(
            f"the landing zone {place} does not answer{_said(exc)}: nothing counts that was not whole there; look at "
            "[landing] endpoint and region if it never did"
        ) from exc


def _configured(place: str, settings: LandingSettings) -> dict[str, Any] | None:
    secret = settings.secret()
    named = {
        "endpoint": settings.endpoint,
        "region": settings.region,
        "access_key_id": settings.access_key_id,
        "secret_access_key": secret.get_secret_value() if secret else None,
    }
    config: dict[str, Any] = {name: value for name, value in named.items() if value is not None}
    if place.startswith("s3"):
        # The store itself checks what arrives; what is read back is checked against the manifest.
        config["checksum_algorithm"] = "SHA256"
    return config or None


def _said(exc: Exception) -> str:
    found = [match.group(1) for match in (_STATUS.search(str(exc)), _CODE.search(str(exc))) if match]
    return f" ({' '.join(found)})" if found else ""
