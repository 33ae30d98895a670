"""One GraphQL request from body to answer: validate, price, throttle, run, settle.

Belongs here: the order of those steps and the shape of the answer. Transport and tokens are in ``server.py``.
"""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from shopify_sandbox.cost import MAX_SINGLE_QUERY_POINTS, price
from shopify_sandbox.documents import Documents, Operation
from shopify_sandbox.errors import ErrorBody, Refused, error, max_cost_exceeded, throttled
from shopify_sandbox.model import Model
from shopify_sandbox.projection import Execution, Spoil
from shopify_sandbox.roots import reads_world, run
from shopify_sandbox.throttle import Bucket


@dataclass(frozen=True)
class Answer:
    """What one request is answered, and what the request log keeps of it."""

    body: dict[str, Any]
    operation: str | None = None
    root_fields: tuple[str, ...] = ()
    requested: int | None = None
    actual: int | None = None
    root_nodes: int = 0


class AdminApi:
    """Answers GraphQL requests of one API version; thread-safe.

    Args:
        store: The world.
        model: What of the schema can be answered.
        documents: The schema, and the documents already judged by it.
        bucket: The app's query cost.
        spoil: Gives the current record spoiler (planted faults), or None.
    """

    def __init__(
        self, *, store: Any, model: Model, documents: Documents, bucket: Bucket, spoil: Callable[[], Spoil | None]
    ) -> None:
        self._store = store
        self._model = model
        self._documents = documents
        self._bucket = bucket
        self._spoil = spoil

    def answer(self, request: Mapping[str, Any], granted: frozenset[str], *, throttle: bool = False) -> Answer:
        """Answer one request body; ``throttle`` refuses it as throttled whatever the bucket holds."""
        try:
            operation = self._operation(request)
        except Refused as refusal:
            return Answer({"errors": refusal.errors})
        priced = price(operation)
        requested = priced.requested
        if requested > MAX_SINGLE_QUERY_POINTS:
            return self._unpaid(operation, max_cost_exceeded(requested, MAX_SINGLE_QUERY_POINTS), requested)
        if throttle or not self._bucket.take(requested):
            return self._unpaid(operation, throttled(), requested)
        execution = self.execution(operation, granted, self._spoil())
        try:
            with self._store.lock if reads_world(execution) else nullcontext():
                data = run(execution)
        except Refused as refusal:
            self._bucket.give_back(requested)
            return Answer({"errors": refusal.errors}, operation.name, _names(operation))
        actual = priced.actual(data)
        self._bucket.give_back(requested - actual)
        body: dict[str, Any] = {"data": data, "extensions": self._extensions(requested, actual)}
        if execution.errors:
            body["errors"] = execution.errors
        if execution.search:
            body["extensions"]["search"] = execution.search
        return Answer(body, operation.name, _names(operation), requested, actual, execution.root_nodes)

    def execution(self, operation: Operation, granted: frozenset[str], spoil: Spoil | None = None) -> Execution:
        """Prepare the execution of one operation."""
        zone = ZoneInfo(self._store.shop.timezone)
        return Execution(self._store, self._model, operation, granted, zone, spoil)

    def _operation(self, request: Mapping[str, Any]) -> Operation:
        text, variables, name = request.get("query"), request.get("variables"), request.get("operationName")
        if not isinstance(text, str) or not isinstance(variables, dict | None):
            raise Refused([error("query must be a text and variables an object", "BAD_REQUEST")])
        return self._documents.operation(text, variables or {}, name)

    def _unpaid(self, operation: Operation, problem: ErrorBody, requested: int) -> Answer:
        body = {"errors": [problem], "extensions": self._extensions(requested, None)}
        return Answer(body, operation.name, _names(operation), requested)

    def _extensions(self, requested: int, actual: int | None) -> dict[str, Any]:
        return {
            "cost": {
                "requestedQueryCost": requested,
                "actualQueryCost": actual,
                "throttleStatus": self._bucket.status().body(),
            }
        }


def _names(operation: Operation) -> tuple[str, ...]:
    return tuple(nodes[0].name.value for nodes in operation.root_fields.values())
