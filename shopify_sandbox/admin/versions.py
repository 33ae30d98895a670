"""Which Admin API version answers a request, and the API of each version, loaded when it is first asked for.

Belongs here: the choice. What a version's schema says is in ``schema.py``.

Source: https://shopify.dev/docs/api/usage/versioning (a version no longer supported is answered by the oldest that is).
"""

import re
from collections.abc import Callable, Sequence
from threading import Lock

from shopify_sandbox.admin.answering import AdminApi

_STABLE = re.compile(r"\d{4}-(01|04|07|10)")


def answering(asked: str | None, served: Sequence[str]) -> str | None:
    """Name the version that answers a request for ``asked``.

    Args:
        asked: The version in the address; None for an address without one, which the oldest version answers.
        served: The versions that are served, oldest first.

    Returns:
        The version itself, the oldest one for an older stable version, None for what was never or not yet published.
        ``unstable`` is not modelled, and so not published here.
    """
    if asked is None:
        return served[0]
    if not _STABLE.fullmatch(asked):
        return None
    if asked in served:
        return asked
    return served[0] if asked < served[0] else None


class Versions:
    """The Admin API in every served version; thread-safe.

    Args:
        served: The versions, oldest first.
        build: Makes the API of one version; takes about a second.
    """

    def __init__(self, served: Sequence[str], build: Callable[[str], AdminApi]) -> None:
        self.served = tuple(served)
        self._build = build
        self._built: dict[str, AdminApi] = {}
        self._lock = Lock()

    def answering(self, asked: str | None) -> str | None:
        """Name the version that answers a request for ``asked``; None when it answers 404."""
        return answering(asked, self.served)

    def api(self, version: str) -> AdminApi:
        """Give the API of one served version."""
        with self._lock:
            if version not in self._built:
                self._built[version] = self._build(version)
            return self._built[version]
