"""The GraphQL view of metafields: what is noted on orders, customers, products and variants.

Here: one metafield, and finding some of a record. Not here: definitions, and what a metafield refers to; this world's
are plain values.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from shopify_sandbox.resources.values import Fields, attributes, derived, fixed, identity, moment
from shopify_sandbox.store import Store
from shopify_sandbox.world.goods import Metafield

READERS: Mapping[str, Callable[[str], Any]] = {
    "boolean": json.loads,
    "json": json.loads,
    "number_integer": json.loads,
}


def _all(store: Store, record: Any, arguments: Mapping[str, Any]) -> list[Metafield]:
    """All, those of a namespace, or those of keys; a key stands alone in a namespace, else as ``namespace.key``."""
    namespace, keys = arguments.get("namespace"), arguments.get("keys")
    found = [one for one in record.metafields if namespace is None or one.namespace == namespace]
    if keys is None:
        return found
    return [one for one in found if (one.key if namespace else f"{one.namespace}.{one.key}") in keys]


def _one(store: Store, record: Any, arguments: Mapping[str, Any]) -> Metafield | None:
    """The one of that namespace and key; without a namespace an app is asked for its own, and this one has none."""
    wanted = (arguments.get("namespace"), arguments["key"])
    return next((one for one in record.metafields if (one.namespace, one.key) == wanted), None)


#: The fields of every type that has metafields.
OWNED: Fields = {"metafields": _all, "metafield": _one}


def _json_value(one: Metafield) -> Any:
    return READERS.get(one.type, str)(one.value)


TYPES: dict[str, Fields] = {
    "Metafield": {
        **identity("Metafield"),
        **attributes(namespace="namespace", key="key", type="type", value="value"),
        "createdAt": moment("created_at"),
        "updatedAt": moment("updated_at"),
        "jsonValue": derived(_json_value),
        "sizeInBytes": derived(lambda one: len(one.value.encode())),
        "compareDigest": derived(lambda one: sha256(one.value.encode()).hexdigest()),
        "description": fixed(None),
        "definition": fixed(None),
    }
}
