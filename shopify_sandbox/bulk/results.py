"""Result files of bulk operations: where they lie, the signed addresses they are fetched by, and files used again.

Belongs here: files and addresses. What is written into a file is in ``operations.py``, HTTP in ``files.py``.

Source: addresses, their seven days and content type as captured from Admin API 2026-04 (Google Cloud Storage, V2 signed
URLs); the storage's own refusals as Google Cloud Storage words them.
"""

import hashlib
import hmac
import os
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Literal
from urllib.parse import quote_plus, urlencode

URL_LIVES = timedelta(days=7)
BUCKET = "shopify-sandbox-assets"
FOLDER = "bulk-operation-outputs"
SIGNER = "assets@shopify-sandbox.iam.gserviceaccount.com"
CONTENT_TYPE = "application/jsonl"
#: Where a planted ``elsewhere`` fault sends a client: a name that never resolves (RFC 2606).
ELSEWHERE = "https://storage.elsewhere.invalid"
_NAME = re.compile(r"[0-9a-f]{28}-(final|partial)")

Part = Literal["final", "partial"]


@dataclass(frozen=True)
class Written:
    """What a result file holds: all lines, lines of root records, bytes."""

    objects: int
    roots: int
    size: int


class StorageRefused(Exception):
    """The storage does not give the file; status and body are those of Google Cloud Storage."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers
        detail = f"<Details>{details}</Details>" if details else ""
        self.body = (
            "<?xml version='1.0' encoding='UTF-8'?>"
            f"<Error><Code>{code}</Code><Message>{message}</Message>{detail}</Error>"
        )


class Results:
    """The result files of one shop.

    Args:
        folder: Where they are kept.
        secret: Signs addresses, and makes the names of files unguessable.
        now: The world's clock, UTC.

    Attributes:
        base_url: The storage host, ``https://host:port``; known when the server listens.
    """

    def __init__(self, folder: Path, *, secret: str, now: Callable[[], datetime]) -> None:
        self.base_url = ""
        self._folder = folder
        self._secret = secret.encode()
        self._now = now
        self._written: dict[str, tuple[Path, Written]] = {}

    def path(self, number: int, part: Part = "final") -> Path:
        """Give where the file of an operation lies, whether or not it is there."""
        key = hmac.new(self._secret, f"bulk/{number}".encode(), hashlib.sha256).hexdigest()[:28]
        return self._folder / f"{key}-{part}"

    def address(self, number: int, *, completed_at: datetime, part: Part = "final", elsewhere: bool = False) -> str:
        """Give the signed address of a file; it lives for seven days of the world from ``completed_at``."""
        resource = f"/{BUCKET}/{FOLDER}/{self.path(number, part).name}"
        expires = str(int((completed_at + URL_LIVES).timestamp()))
        name = f"bulk-{number}.jsonl"
        query = {
            "GoogleAccessId": SIGNER,
            "Expires": expires,
            "Signature": self._signature(resource, expires),
            "response-content-disposition": f"attachment; filename=\"{name}\"; filename*=UTF-8''{name}",
            "response-content-type": CONTENT_TYPE,
        }
        return f"{ELSEWHERE if elsewhere else self.base_url}{resource}?{urlencode(query, quote_via=quote_plus)}"

    def file(self, name: str, query: Mapping[str, str]) -> Path:
        """Give the file a signed address names.

        Raises:
            StorageRefused: The signature is wrong, the address has expired, or the file is not there.
        """
        expires = query.get("Expires", "")
        signature = self._signature(f"/{BUCKET}/{FOLDER}/{name}", expires)
        if not hmac.compare_digest(query.get("Signature", "").encode(), signature.encode()):
            raise StorageRefused(
                403,
                "SignatureDoesNotMatch",
                "Access denied.",
                "The request signature we calculated does not match the signature you provided. "
                "Check your Google secret key and signing method.",
            )
        ends_at = datetime.fromtimestamp(int(expires), UTC)
        if self._now() > ends_at:
            raise StorageRefused(
                400,
                "ExpiredToken",
                "Invalid argument.",
                f"The provided token has expired. Request signature expired at: {ends_at.isoformat()}",
            )
        path = self._folder / name
        if _NAME.fullmatch(name) is None or not path.is_file():
            raise StorageRefused(404, "NoSuchKey", "The specified key does not exist.")
        return path

    def keep(self, digest: str, number: int, written: Written) -> None:
        """Remember that the file of this operation holds what ``digest`` stands for."""
        self._written[digest] = (self.path(number), written)

    def reuse(self, digest: str, number: int) -> Written | None:
        """Give this operation the file another one wrote for the same digest, if there is one."""
        known = self._written.get(digest)
        if known is None or not known[0].is_file():
            return None
        path = self.path(number)
        path.unlink(missing_ok=True)
        os.link(known[0], path)
        return known[1]

    def cut_lines(self, number: int, share: float, whole: Written) -> Written:
        """Turn the final file into a partial one that holds the first lines of it."""
        final, partial = self.path(number), self.path(number, "partial")
        objects = roots = 0
        with final.open("rb") as source, partial.open("wb") as target:
            for line in islice(source, int(whole.objects * share)):
                target.write(line)
                objects += 1
                roots += b'"__parentId":' not in line
            size = target.tell()
        final.unlink()
        return Written(objects, roots, size)

    def cut_bytes(self, number: int, share: float) -> None:
        """Make the final file end too early, wherever that falls."""
        path = self.path(number)
        content = path.read_bytes()
        path.unlink()  # it may be shared with another operation
        path.write_bytes(content[: int(len(content) * share)])

    def drop(self, number: int) -> None:
        self.path(number).unlink(missing_ok=True)

    def _signature(self, resource: str, expires: str) -> str:
        text = f"GET\n\n\n{expires}\n{resource}"
        return b64encode(hmac.new(self._secret, text.encode(), hashlib.sha256).digest()).decode()
