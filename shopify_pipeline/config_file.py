"""The settings file as people read it: a shop's section is added, everything else stays as it was written.

Here: the text of the file and the files of secrets beside it. Not here: what the settings mean (``config.py``).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from shopify_pipeline.errors import ConfigError


def with_shop(text: str, name: str, values: Mapping[str, Any]) -> str:
    """The text of a settings file with one more ``[shops.<name>]``, at its end.

    Raises:
        ConfigError: It is not TOML, or has this shop already.
    """
    try:
        document = tomlkit.parse(text)
    except TOMLKitError as exc:
        raise ConfigError(f"the settings file is not TOML: {exc}") from exc
    for known, section in document.get("shops", {}).items():
        if known == name or section.get("domain") == values["domain"]:
            raise ConfigError(f"[shops.{known}] is there already, for {section.get('domain')}: change it by hand")
    section = tomlkit.table()
    for key, value in values.items():
        section.add(key, value)
    shops = tomlkit.table(is_super_table=True)
    shops.add(name, section)
    added = tomlkit.document()
    added.add("shops", shops)
    return text.rstrip("\n") + "\n\n" + tomlkit.dumps(added)


def write_settings(path: Path, text: str) -> None:
    """Replace the file in one move, with the rights it had; a reader finds the old one or the new one."""
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(handle, "w") as file:
        file.write(text)
    beside_path = Path(beside)
    beside_path.chmod(path.stat().st_mode & 0o777)
    beside_path.replace(path)


def write_secret(path: Path, secret: str) -> None:
    """Write a secret into a file of its own that only this user may read.

    Raises:
        ConfigError: There is one already: whose it is only a person knows.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as exc:
        raise ConfigError(f"{path} is there already: name it with --client-secret-file, or remove it") from exc
    with os.fdopen(handle, "w") as file:
        file.write(secret + "\n")
