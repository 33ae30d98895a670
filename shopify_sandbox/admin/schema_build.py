"""Turn Shopify's published Admin API introspection into the small structure-only file the sandbox loads.

Belongs here: fetching the npm package, dropping prose, writing a reproducible gzip. Nothing here runs in the server.
Run ``python -m shopify_sandbox.admin.schema_build [version]``; it needs npm.
"""

import argparse
import gzip
import io
import json
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

PACKAGE = "@shopify/dev-mcp@1.16.0"
DATA = Path(__file__).parents[1] / "data"

# `query` arguments document their filters in a Markdown table: name and type of a row are structure, the rest is prose.
_FILTER_ROW = re.compile(r"^\|\s*([a-z_][a-z0-9_.]*)\s*\|\s*([a-z_]+)\s*\|", re.MULTILINE)
_FILTER_HEADER = ("name", "type")
_TYPE_REFERENCE = ("kind", "name", "ofType")


def build(version: str, published: bytes) -> bytes:
    """Reduce one published introspection file to its structure.

    Args:
        version: Admin API version, such as ``2026-10``.
        published: The gzip of Shopify's ``admin_<version>.json``.

    Returns:
        A gzip (level 9, no time stamp, so equal input gives equal bytes) of ``{version, package, data: {__schema},
        access, filters}``. ``access`` holds the scope requirements per type and per ``Type.field``; ``filters`` the
        documented search filters per ``Type.field``.
    """
    source = json.loads(gzip.decompress(published))
    schema = source["data"]["__schema"]
    reduced = {
        "version": version,
        "package": PACKAGE,
        "data": {"__schema": _schema(schema)},
        "access": _access(source["offline_scopes"]["items"]),
        "filters": _filters(schema["types"]),
    }
    text = json.dumps(reduced, separators=(",", ":"), sort_keys=True, ensure_ascii=True)
    packed = io.BytesIO()
    # gzip.compress writes the operating system into the header on some Python versions, GzipFile never does.
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=packed, mtime=0) as file:
        file.write(text.encode())
    return packed.getvalue()


def fetch(version: str) -> bytes:
    """Download the published introspection of one version through npm.

    Raises:
        subprocess.CalledProcessError: npm could not fetch the package.
        KeyError: The package holds no such version.
    """
    with tempfile.TemporaryDirectory() as folder:
        packed = subprocess.run(
            ["npm", "pack", PACKAGE, "--silent"],
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
        )
        archive = Path(folder) / packed.stdout.split()[-1]
        with tarfile.open(archive) as tar:
            member = tar.extractfile(f"package/dist/data/admin_{version}.json.gz")
            if member is None:
                raise KeyError(f"{PACKAGE} holds no admin schema {version}")
            return member.read()


def _schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "queryType": _named(schema["queryType"]),
        "mutationType": _named(schema["mutationType"]),
        "subscriptionType": _named(schema["subscriptionType"]),
        "types": [_type(each) for each in schema["types"]],
        "directives": [
            {
                "name": each["name"],
                "locations": each["locations"],
                "args": [_input(argument) for argument in each["args"]],
            }
            for each in schema["directives"]
        ],
    }


def _named(root: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if root is None else {"name": root["name"]}


def _type(each: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "kind": each["kind"],
        "name": each["name"],
        "fields": _each(_field, each["fields"]),
        "inputFields": _each(_input, each["inputFields"]),
        "interfaces": _each(_reference, each["interfaces"]),
        "possibleTypes": _each(_reference, each["possibleTypes"]),
        "enumValues": _each(_enum_value, each["enumValues"]),
        **({"isOneOf": True} if each.get("isOneOf") else {}),
    }


def _each(reduce: Any, items: Iterable[Mapping[str, Any]] | None) -> list[dict[str, Any]] | None:
    return None if items is None else [reduce(item) for item in items]


def _field(each: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": each["name"],
        "args": [_input(argument) for argument in each["args"]],
        "type": _reference(each["type"]),
        **_deprecation(each),
    }


def _input(each: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": each["name"],
        "type": _reference(each["type"]),
        "defaultValue": each["defaultValue"],
        **_deprecation(each),
    }


def _enum_value(each: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": each["name"], **_deprecation(each)}


def _deprecation(each: Mapping[str, Any]) -> dict[str, Any]:
    # The reason is prose; what a client must know is that the field is on its way out.
    if not each.get("isDeprecated"):
        return {"isDeprecated": False, "deprecationReason": None}
    return {"isDeprecated": True, "deprecationReason": "deprecated"}


def _reference(each: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if each is None:
        return None
    return {key: _reference(each.get(key)) if key == "ofType" else each.get(key) for key in _TYPE_REFERENCE}


def _access(items: Iterable[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Map ``Type`` and ``Type.field`` to ``[sufficient scopes, Shopify's wording of the requirement]``."""
    return {
        item["typeName"] + (f".{item['fieldName']}" if item["type"] == "field" else ""): [
            item["offlineScopes"],
            " ".join(item["requiredAccess"].split()),
        ]
        for item in items
        if item["offlineScopes"]
    }


def _filters(types: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    return {
        f"{each['name']}.{field['name']}": dict(rows)
        for each in types
        for field in each["fields"] or ()
        for argument in field["args"]
        if argument["name"] == "query"
        and (rows := [row for row in _FILTER_ROW.findall(argument["description"] or "") if row != _FILTER_HEADER])
    }


def main() -> None:
    """Write ``data/admin_<version>.json.gz`` for the version named on the command line."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("version", nargs="?", default="2026-10")
    version = parser.parse_args().version
    DATA.mkdir(exist_ok=True)
    (DATA / f"admin_{version}.json.gz").write_bytes(build(version, fetch(version)))


if __name__ == "__main__":
    main()
