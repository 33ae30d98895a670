"""The manifest of a load: which parts it has and how to know that they are whole.

Here: the record and its JSON. A load without a manifest does not exist for a reader: it is written last.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from shopify_pipeline.errors import PermanentError
from shopify_pipeline.load_mode import LoadMode

Kind = Literal["page", "detail", "nested", "bulk", "asked"]
MANIFEST_NAME = "manifest.json"


class Part(msgspec.Struct, frozen=True):
    """One landed body or bulk file.

    Attributes:
        name: File name under the load's prefix.
        kind: ``page``, ``detail`` and ``nested`` are one GraphQL answer each, ``bulk`` is a file of JSON lines;
            ``asked`` is ours, the gids that were asked for as a JSON list: who else would know what did not come.
        operation: The GraphQL operation that was sent; ``query_hash`` names its exact text.
        bytes: Length before compression, which is what the checksum is of.
        lines: JSON lines of a bulk file; 1 for an answer.
        roots: How many roots Shopify put into it.
    """

    name: str
    kind: Kind
    operation: str
    query_hash: str
    api_version: str
    bytes: int
    sha256: str
    lines: int
    roots: int


class Manifest(msgspec.Struct, frozen=True):
    """Everything one load landed.

    Attributes:
        window_from: Start of the window or of the slice, UTC; None: no start.
        window_to: End of the window, UTC.
        shop_now: The shop's clock when this extraction began, UTC.
        landed_at: Our clock when everything was landed, UTC.
    """

    shop: str
    stream: str
    load_id: int
    mode: LoadMode
    window_from: datetime | None
    window_to: datetime
    shop_now: datetime
    landed_at: datetime
    parts: tuple[Part, ...]

    @property
    def bytes(self) -> int:
        return sum(part.bytes for part in self.parts)

    @property
    def roots(self) -> int:
        return sum(part.roots for part in self.parts)


def to_json(manifest: Manifest) -> bytes:
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2)


def from_json(raw: bytes, prefix: str) -> Manifest:
    """Read a manifest.

    Raises:
        PermanentError: It is damaged, or of another version of this code.
    """
    try:
        return msgspec.json.decode(raw, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise PermanentError(f"the manifest of {prefix} cannot be read: extract that load again") from exc
