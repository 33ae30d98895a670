"""The GraphQL documents sent to Shopify: plain ``.graphql`` files, and how one operation is cut out of them.

Here: text only. What an answer means is in ``shopify/answers.py``; a test validates every operation against the
published schema.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

_DEFINITION = re.compile(r"^(query|mutation|fragment) (\w+)(.*?)\{\n(.*?)^\}$", re.MULTILINE | re.DOTALL)
_SPREAD = re.compile(r"\.\.\.(?!\s*on\b)(\w+)")
_COMMENT = re.compile(r"^\s*#.*$", re.MULTILINE)


@dataclass(frozen=True)
class Operation:
    """One operation as it is sent.

    Attributes:
        text: The whole document, without named fragments and on one line.
        query_hash: First 16 hex digits of the SHA-256 of the text; names the shape of an answer in a manifest.
    """

    name: str
    text: str

    @property
    def query_hash(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]

    def inlined(self, values: Mapping[str, str | None]) -> Operation:
        """The same operation with text literals in place of its variables: a bulk operation takes no variables."""
        text = re.sub(rf"^(query {self.name}) ?\([^)]*\)", r"\1", self.text)
        for name, value in values.items():
            # Split, not re.sub: a literal may hold a backslash.
            text = json.dumps(value).join(re.split(rf"\${name}\b", text))
        return Operation(self.name, text)


@cache
def operation(name: str) -> Operation:
    """Give the operation of that name with its fragments spread as text.

    The rules for bulk operations do not say whether a named fragment is allowed, so none is ever sent. A fragment is
    always declared on the very type it is spread on, hence its selection can stand in its place.

    Raises:
        KeyError: No document defines it.
    """
    kind, arguments, selection = _definitions()[name]
    if kind == "fragment":
        raise KeyError(f"{name} is a fragment, not an operation")
    return Operation(name, " ".join(f"{kind} {name}{arguments}{{ {_spread(selection)} }}".split()))


def operation_names() -> tuple[str, ...]:
    """Every operation of every document, sorted."""
    return tuple(sorted(name for name, (kind, _, _) in _definitions().items() if kind != "fragment"))


@cache
def _definitions() -> dict[str, tuple[str, str, str]]:
    """Every definition by name: kind, what stands before its selection, and its selection."""
    found: dict[str, tuple[str, str, str]] = {}
    for file in sorted(resources.files(__package__).iterdir(), key=lambda item: item.name):
        if file.name.endswith(".graphql"):
            for kind, name, head, selection in _DEFINITION.findall(_COMMENT.sub("", file.read_text("utf-8"))):
                found[name] = (kind, head, selection)
    return found


def _spread(selection: str) -> str:
    return _SPREAD.sub(lambda match: _spread(_definitions()[match[1]][2]), selection)
