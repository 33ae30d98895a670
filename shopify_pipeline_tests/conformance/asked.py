"""The store a conformance case asks: plain HTTPS with ``requests``, nothing of the pipeline's own client.

Here: sending and recording. The sandbox is one such store; a development store at Shopify is another.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest
import requests

from shopify_pipeline_tests.sandbox.serving import Shop

Record = TypeVar("Record")
VERSION = "2026-10"
TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class Exchange:
    """One request and what came back; the token is not part of it."""

    request: Mapping[str, Any]
    status: int
    headers: Mapping[str, str]
    body: Any


@dataclass
class AskedStore:
    """One store with one app's token.

    Attributes:
        base_url: ``https://…`` without a path.
        exchanges: What was asked of it and answered, in order.
    """

    base_url: str
    session: requests.Session
    token: str = field(repr=False)
    exchanges: list[Exchange] = field(default_factory=list)

    def post(
        self,
        query: object,
        variables: Mapping[str, Any] | None = None,
        *,
        version: str = VERSION,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> requests.Response:
        """Send one GraphQL request and give the HTTP answer; ``more`` goes beside ``query`` into the body."""
        body = {"query": query, "variables": dict(variables or {}), **more}
        response = self.session.post(
            f"{self.base_url}/admin/api/{version}/graphql.json",
            json=body,
            headers={"X-Shopify-Access-Token": self.token if token is None else token, **(headers or {})},
            timeout=TIMEOUT_SECONDS,
            allow_redirects=False,
        )
        self.exchanges.append(Exchange(body, response.status_code, dict(response.headers), _content(response)))
        return response

    def ask(self, query: str, /, **variables: Any) -> dict[str, Any]:
        """Give the whole answer of one GraphQL request that is answered with HTTP 200."""
        response = self.post(query, variables)
        assert response.status_code == 200, response.text[:500]
        answer: dict[str, Any] = response.json()
        return answer

    def data(self, query: str, /, **variables: Any) -> dict[str, Any]:
        """Give the data of a request that must succeed without any error."""
        answer = self.ask(query, **variables)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    def errors(self, query: str, /, **variables: Any) -> list[dict[str, Any]]:
        """Give the errors of a request that must have some."""
        answer = self.ask(query, **variables)
        errors: list[dict[str, Any]] = answer["errors"]
        return errors


def asked(shop: Shop) -> AskedStore:
    """The store behind a served sandbox, with a token of its app."""
    return AskedStore(shop.server.url, shop.session, str(shop.session.headers["X-Shopify-Access-Token"]))


def every(store: AskedStore, text: str, /, *path: str, **variables: Any) -> Iterator[dict[str, Any]]:
    """Read a connection to its end; ``text`` takes ``$after``, ``path`` leads to the connection in its answer."""
    after = None
    while True:
        found: Any = _paced(store, text, after=after, **variables)
        for name in path:
            found = found[name]
        yield from found["nodes"]
        if not found["pageInfo"]["hasNextPage"]:
            return
        after = found["pageInfo"]["endCursor"]


def _paced(store: AskedStore, text: str, **variables: Any) -> dict[str, Any]:
    """The data of a request that waits for the bucket when the store says that it must."""
    while True:
        answer = store.ask(text, **variables)
        if "errors" not in answer:
            data: dict[str, Any] = answer["data"]
            return data
        assert [each["extensions"]["code"] for each in answer["errors"]] == ["THROTTLED"], answer["errors"]
        cost = answer["extensions"]["cost"]
        missing = cost["requestedQueryCost"] - cost["throttleStatus"]["currentlyAvailable"]
        time.sleep(missing / cost["throttleStatus"]["restoreRate"])


def needed(records: Iterable[Record], what: str) -> list[Record]:
    """The records a case is about; a development store without any skips the case, the sandbox must have some."""
    found = list(records)
    if not found and os.environ.get("SHOPIFY_CONFORMANCE_STORE"):
        pytest.skip(f"the store has no {what}")
    assert found, f"the sandbox has no {what}"
    return found


def _content(response: requests.Response) -> Any:
    try:
        return response.json()
    except json.JSONDecodeError:
        return response.text[:2_000]
