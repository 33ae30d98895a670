"""One GraphQL request from body to answer: validate, price, throttle, run, settle.

Belongs here: the order of those steps and the shape of the answer. Transport and tokens are in ``http/server.py``.
"""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from graphql import DocumentNode, execute_sync

from shopify_sandbox.admin.cost import MAX_SINGLE_QUERY_POINTS, breakdown, price
from shopify_sandbox.admin.documents import Documents, Operation
from shopify_sandbox.admin.model import Model
from shopify_sandbox.admin.placing import placed
from shopify_sandbox.admin.projection import Execution, Spoil
from shopify_sandbox.admin.roots import reads_world, run
from shopify_sandbox.admin.throttle import Bucket
from shopify_sandbox.errors import Refused, max_cost_exceeded, not_modelled, throttled


def bad_request(content: Mapping[str, Any] | None) -> dict[str, str]:
    """Tell what is wrong with a request's body, by parameter; such a request is answered with HTTP 400.

    Source: captured answers; the names of the kinds are Ruby's.
    """
    if content is None or not isinstance(content.get("query"), str) or not content["query"].strip():
        return {"query": "Required parameter missing or invalid"}
    variables = content.get("variables")
    if isinstance(variables, dict | None):
        return {}
    return {"variables": f"expected {_RUBY_NAMES.get(type(variables), 'Integer')} to be a Hash"}


_RUBY_NAMES = {str: "String", list: "Array", float: "Float"}


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
        documents: The schema, and the documents already judged by it; also those of bulk operations.
        bucket: The app's query cost.
        spoil: Gives the current record spoiler (planted faults), or None.
    """

    def __init__(
        self, *, store: Any, model: Model, documents: Documents, bucket: Bucket, spoil: Callable[[], Spoil | None]
    ) -> None:
        self._store = store
        self._model = model
        self.documents = documents
        self._bucket = bucket
        self._spoil = spoil

    def answer(
        self, request: Mapping[str, Any], granted: frozenset[str], *, throttle: bool = False, by_field: bool = False
    ) -> Answer:
        """Answer one request body.

        Args:
            throttle: Refuse it as throttled whatever the bucket holds.
            by_field: Add to the cost what each field contributes.
        """
        try:
            operation = self._operation(request)
        except Refused as refusal:
            return Answer({"errors": refusal.errors})
        priced = price(operation)
        requested = priced.requested
        if requested > MAX_SINGLE_QUERY_POINTS:
            problem = max_cost_exceeded(requested, MAX_SINGLE_QUERY_POINTS)
            return Answer({"errors": [problem]}, operation.name, _names(operation), requested)
        if throttle or not self._bucket.take(requested):
            refused = {"errors": [throttled()], "extensions": self._extensions(requested, None)}
            return Answer(refused, operation.name, _names(operation), requested)
        execution = self.execution(operation, granted, self._spoil())
        try:
            data = self._data(execution)
        except Refused as refusal:
            self._bucket.give_back(requested)
            return Answer({"errors": refusal.errors}, operation.name, _names(operation))
        actual = priced.actual(data)
        self._bucket.give_back(requested - actual)
        body: dict[str, Any] = {"data": data, "extensions": self._extensions(requested, actual)}
        if execution.errors:
            body["errors"] = placed(operation, execution.errors, data)
        if execution.search:
            body["extensions"]["search"] = execution.search
        if by_field:
            body["extensions"]["cost"]["fields"] = breakdown(operation)
        return Answer(body, operation.name, _names(operation), requested, actual, execution.root_nodes)

    def execution(self, operation: Operation, granted: frozenset[str], spoil: Spoil | None = None) -> Execution:
        """Prepare the execution of one operation."""
        zone = ZoneInfo(self._store.shop.timezone)
        return Execution(self._store, self._model, operation, granted, zone, spoil)

    def _data(self, execution: Execution) -> dict[str, Any] | None:
        if not _INTROSPECTION.isdisjoint(_names(execution.operation)):
            return introspected(execution.operation)
        with self._store.lock if reads_world(execution) else nullcontext():
            return run(execution)

    def _operation(self, request: Mapping[str, Any]) -> Operation:
        text, variables, name = request["query"], request.get("variables"), request.get("operationName")
        return self.documents.operation(text, variables or {}, name)

    def _extensions(self, requested: int, actual: int | None) -> dict[str, Any]:
        return {
            "cost": {
                "requestedQueryCost": requested,
                "actualQueryCost": actual,
                "throttleStatus": self._bucket.status().body(),
            }
        }


_INTROSPECTION = frozenset({"__schema", "__type"})


def introspected(operation: Operation) -> dict[str, Any] | None:
    """Answer a question about the schema itself.

    Raises:
        Refused: It asks for something of the shop as well, which is answered apart.
    """
    others = [name for name in _names(operation) if not name.startswith("__")]
    if others:
        raise Refused([not_modelled(operation.root_type.name, f"{others[0]} beside __schema", others[:1])])
    document = DocumentNode(definitions=(operation.node, *operation.fragments.values()))
    return execute_sync(operation.published.schema, document, variable_values=dict(operation.variables)).data


def _names(operation: Operation) -> tuple[str, ...]:
    return tuple(nodes[0].name.value for nodes in operation.root_fields.values())
