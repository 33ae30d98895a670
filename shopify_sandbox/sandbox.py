"""One sandbox put together: world, API, tokens, bulk operations, webhooks and faults over one state directory.

Belongs here: who is given what. Nothing is decided here; HTTP is in ``server.py``.
"""

import secrets
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shopify_sandbox import bulk, bulk_view, oauth, resources, webhooks, webhooks_view
from shopify_sandbox.admin import AdminApi, Answer
from shopify_sandbox.bulk import BulkOperation, BulkOperations
from shopify_sandbox.documents import Documents
from shopify_sandbox.errors import FieldError, SandboxError
from shopify_sandbox.faults import Faults
from shopify_sandbox.model import Model
from shopify_sandbox.oauth import Tokens
from shopify_sandbox.schema import load_schema
from shopify_sandbox.settings import RESTORE_POINTS_PER_SECOND, SettingsFile
from shopify_sandbox.state import JsonLines
from shopify_sandbox.store import Change, Store
from shopify_sandbox.throttle import Bucket
from shopify_sandbox.webhooks import Webhooks
from shopify_sandbox.worldclock import LiveWorld, WorldClock

VERSION = "2026-10"


@dataclass(frozen=True)
class Credentials:
    """What the app knows, and the key of the control endpoints."""

    client_id: str
    client_secret: str
    control_key: str


class Sandbox:
    """Everything behind the server of one state directory.

    Args:
        settings: Settings to change for this start and later ones; what is not named stays as it was.
        live_seconds: Real seconds between two events of a living world; None lets it stand still.
        monotonic: Real time in seconds.
        bucket: A bucket of its own, in place of the plan's.
    """

    def __init__(
        self,
        state: Path,
        store: Store,
        credentials: Credentials,
        *,
        settings: Mapping[str, Any] | None = None,
        live_seconds: float | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        bucket: Bucket | None = None,
    ) -> None:
        self.state = state
        self.settings = SettingsFile(state / "settings.json", settings)
        self.store = store
        self.credentials = credentials
        self.version = VERSION
        self.clock = WorldClock(store, monotonic if live_seconds else None)
        self.faults = Faults(state / "faults.json")
        self.requests = JsonLines(state / "requests.jsonl")
        self.deliveries = JsonLines(state / "deliveries.jsonl")
        self.tokens = Tokens(
            state / "tokens.json",
            client_id=credentials.client_id,
            client_secret=credentials.client_secret,
            now=self.clock.now,
            new_token=lambda: f"shpca_{secrets.token_hex(16)}",
        )
        self.webhooks = Webhooks(
            state / "webhooks.json",
            log=self.deliveries,
            shop=store.shop.domain,
            secret=credentials.client_secret,
            version=VERSION,
            now=self.clock.now,
            monotonic=monotonic,
            new_id=lambda: str(uuid.uuid4()),
        )
        restore = RESTORE_POINTS_PER_SECOND[self.settings.current.plan]
        self.bucket = bucket or Bucket(monotonic, restore_per_second=restore)
        documents = Documents(load_schema(VERSION))
        self.bulk = BulkOperations(
            state / "bulk",
            store=store,
            documents=documents,
            execution=lambda operation, granted: self.admin.execution(operation, granted),
            spoil=self.faults.spoil_bulk,
            secret=credentials.client_secret,
            now=self.clock.now,
            on_finish=self._bulk_finished,
        )
        self.model = assemble(self.bulk, self.webhooks)
        self.admin = AdminApi(
            store=store,
            model=self.model,
            documents=documents,
            bucket=self.bucket,
            spoil=self.faults.spoil_page,
        )
        self._live = LiveWorld(self.clock, live_seconds) if live_seconds else None
        store.listeners.append(self._changed)

    def start(self) -> None:
        self.bulk.start()
        self.webhooks.start()
        if self._live:
            self._live.start()

    def stop(self) -> None:
        if self._live:
            self._live.stop()
        self.bulk.stop()
        self.webhooks.stop()

    def new_request_id(self) -> str:
        return str(uuid.uuid4())

    def log_request(self, kind: str, status: int, answer: Answer | None = None) -> None:
        """Append one line to ``requests.jsonl``; it holds names and sizes, never content."""
        told = answer or Answer({})
        self.requests.append(
            {
                "world_time": self.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
                "wall_time": time.time(),
                "kind": kind,
                "operation": told.operation,
                "root_fields": list(told.root_fields),
                "status": status,
                "requested": told.requested,
                "actual": told.actual,
                "root_nodes": told.root_nodes,
            }
        )

    def gid_of(self, root: str, name: str) -> str:
        """Find a root record by the name a person knows it by, such as ``#1001``.

        Raises:
            SandboxError: No such root, or no such record.
        """
        view = resources.ROOTS.get(root)
        if view is None:
            raise SandboxError(f"unknown root {root!r}; known: {', '.join(sorted(resources.ROOTS))}")
        read = resources.RESOLVERS[view.type]
        named = read.get("name") or read.get("title") or read.get("displayName") or read["id"]
        with self.store.lock:
            for record in view.records(self.store):
                if named(self.store, record, {}) == name:
                    return str(read["id"](self.store, record, {}))
        raise SandboxError(f"{root} holds no record named {name!r}")

    def _changed(self, changes: list[Change]) -> None:
        for change in changes:
            # One action of the merchant is one instant of the world, whatever topics it touches.
            event_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.store.shop.domain}/{change.at.isoformat()}"))
            self.webhooks.publish(change.topic, change.payload, at=change.at, event_id=event_id)

    def _bulk_finished(self, operation: BulkOperation) -> None:
        payload = {
            "admin_graphql_api_id": operation.gid,
            "completed_at": operation.completed_at,
            "created_at": operation.created_at,
            "error_code": operation.error_code and operation.error_code.lower(),
            "status": operation.status.lower(),
            "type": "query",
        }
        event_id = str(uuid.uuid5(uuid.NAMESPACE_URL, operation.gid))
        self.webhooks.publish("bulk_operations/finish", payload, at=self.clock.now(), event_id=event_id)


def assemble(operations: BulkOperations, subscriptions: Webhooks) -> Model:
    """Join the world's view with the platform's own objects."""
    platform_objects = {**bulk_view.objects(operations), **webhooks_view.objects(subscriptions), **oauth.OBJECTS}
    platform_roots = {
        "bulkOperations": bulk_view.root(operations),
        "webhookSubscriptions": webhooks_view.root(subscriptions),
    }
    mutations = {**bulk_view.mutations(operations), **webhooks_view.mutations(subscriptions)}

    def node(store: Store, gid: str) -> Any:
        if not gid.startswith("gid://shopify/"):
            raise FieldError(f"Invalid global id '{gid}'", "RESOURCE_NOT_FOUND")
        if gid.startswith(bulk.GID_PREFIX):
            return operations.find(gid)
        return subscriptions.find(gid) if gid.startswith(webhooks.GID_PREFIX) else store.node(gid)

    return Model(
        resolvers={
            **resources.RESOLVERS,
            **bulk_view.resolvers(operations),
            **webhooks_view.resolvers(),
            **oauth.RESOLVERS,
        },
        typename=lambda record: getattr(record, "GRAPHQL_TYPE", None) or resources.typename(record),
        roots={**resources.ROOTS, **platform_roots},
        objects={
            **resources.ROOT_OBJECTS,
            **platform_objects,
            "node": lambda store, execution, arguments: node(store, arguments["id"]),
            "nodes": lambda store, execution, arguments: [node(store, gid) for gid in arguments["ids"]],
        },
        nested_filters=resources.NESTED_FILTERS,
        mutations=mutations,
        platform=frozenset({*platform_objects, *platform_roots, *mutations}),
    )
