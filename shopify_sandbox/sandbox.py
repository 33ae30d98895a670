"""One sandbox put together: world, API, tokens, bulk operations, webhooks and faults over one state directory.

Belongs here: who is given what. Nothing is decided here; HTTP is in ``http/server.py``.
"""

import secrets
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from shopify_sandbox import oauth, resources
from shopify_sandbox.admin.answering import AdminApi, Answer
from shopify_sandbox.admin.documents import Documents
from shopify_sandbox.admin.model import Model
from shopify_sandbox.admin.schema import load_schema, published_versions
from shopify_sandbox.admin.throttle import Bucket
from shopify_sandbox.admin.versions import Versions
from shopify_sandbox.bulk import operations as bulk
from shopify_sandbox.bulk import view as bulk_view
from shopify_sandbox.bulk.operations import BulkOperation, BulkOperations
from shopify_sandbox.bulk.results import Results
from shopify_sandbox.errors import SandboxError
from shopify_sandbox.faults.plan import Faults
from shopify_sandbox.oauth import Tokens
from shopify_sandbox.rest.records import CALLS_PER_SECOND, Rest
from shopify_sandbox.settings import RESTORE_POINTS_PER_SECOND, SettingsFile
from shopify_sandbox.state import JsonLines
from shopify_sandbox.store import Change, Store
from shopify_sandbox.webhooks import subscriptions as webhooks
from shopify_sandbox.webhooks import view as webhooks_view
from shopify_sandbox.webhooks.delivery import HttpSender
from shopify_sandbox.webhooks.payloads import COMPLIANCE_TOPICS, bulk_finished, payload
from shopify_sandbox.webhooks.subscriptions import Told, Webhooks
from shopify_sandbox.worldclock import LiveWorld, WorldClock
from shopify_sandbox.writes import fulfillments, stock

VERSION = "2026-10"


@dataclass(frozen=True)
class Credentials:
    """What the app knows when the store is opened, and the key of the control endpoints."""

    client_id: str
    client_secret: str = field(repr=False)
    control_key: str = field(repr=False)


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
        # What ids are drawn from, so that the same calls on the same world get the same answers.
        self._identity = store.identity
        self._request_numbers, self._told_numbers = count(1), count(1)
        self.clock = WorldClock(store, monotonic if live_seconds else None)
        store.index.now = self.clock.now
        store.index.late_by = lambda: timedelta(seconds=self.settings.current.index_lag_seconds)
        self.faults = Faults(state / "faults.json", log=JsonLines(state / "faults.jsonl"), now=self.clock.now)
        self.requests = JsonLines(state / "requests.jsonl")
        self.deliveries = JsonLines(state / "deliveries.jsonl")
        self.tokens = Tokens(
            state / "tokens.json",
            client_id=credentials.client_id,
            client_secret=credentials.client_secret,
            now=self.clock.now,
            new_token=lambda prefix: f"{prefix}{secrets.token_hex(16)}",
        )
        self.webhooks = Webhooks(
            state / "webhooks.json",
            log=self.deliveries,
            shop=store.shop.domain,
            secrets=self.tokens.secrets,
            version=VERSION,
            now=self.clock.now,
            monotonic=monotonic,
            settings=lambda: self.settings.current,
            send=HttpSender(),
            seed=store.arguments.seed,
        )
        self.bucket = bucket or Bucket(
            monotonic, restore_per_second=lambda: RESTORE_POINTS_PER_SECOND[self.settings.current.plan]
        )
        documents = Documents(load_schema(VERSION))
        self.bulk = BulkOperations(
            state / "bulk",
            store=store,
            api=lambda version: self.versions.api(version),
            spoil=self.faults.spoil_bulk,
            next_fault=self.faults.next_bulk,
            world_version=self._world_version,
            results=Results(state / "bulk", secret=credentials.client_secret, now=self.clock.now),
            now=self.clock.now,
            on_finish=self._bulk_finished,
        )
        self.model = assemble(self.bulk, self.webhooks, self.clock, lambda: self.settings.current.answers_as)
        self.versions = Versions(
            published_versions(),
            lambda version: AdminApi(
                store=store,
                model=self.model,
                documents=documents if version == VERSION else Documents(load_schema(version)),
                bucket=self.bucket,
                spoil=self.faults.spoil_page,
            ),
        )
        self.rest = Rest(store, Bucket(monotonic, restore_per_second=CALLS_PER_SECOND))
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
        """Number the requests of this server; the same calls on the same world get the same ids."""
        number = next(self._request_numbers)
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self._identity}/requests/{number}"))

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

    def _world_version(self) -> str:
        """Name the moment of the world a search sees: its events, and with a late index the time, too."""
        lag = self.settings.current.index_lag_seconds
        return f"{self.store.state.event_count}/{lag}/{self.clock.now() if lag else ''}"

    def _changed(self, changes: list[Change]) -> None:
        for change in changes:
            # One action of the merchant is one instant of the world, whatever topics it touches.
            event_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.store.shop.domain}/{change.at.isoformat()}"))
            self.webhooks.publish(
                Told(
                    change.topic,
                    change.gid,
                    change.at,
                    event_id,
                    partial(payload, change.topic, change.record, shop=self.store.shop),
                )
            )

    def trigger(self, topic: str, gid: str, uri: str | None = None) -> str:
        """Tell of a record although nothing happened to it, as the platform's command line does for a test.

        Args:
            uri: Where to, for topics of the app's own configuration; None tells the topic's subscribers.

        Returns:
            The event id of the delivery.

        Raises:
            SandboxError: The record, the topic or the address does not fit.
        """
        with self.store.lock:
            record = self.store.node(gid)
            if record is None:
                raise SandboxError(f"there is no record {gid}")
            if topic in COMPLIANCE_TOPICS and uri is None:
                raise SandboxError(f"{topic} goes to an address of the app's own configuration: give its uri")
            try:
                content = payload(topic, record, shop=self.store.shop)
            except (KeyError, AttributeError) as problem:
                raise SandboxError(f"{topic} cannot be told of {gid}") from problem
            told = self._told(topic, gid, content)
        if uri is None:
            self.webhooks.publish(told)
        else:
            self.webhooks.send_to(uri, told)
        return told.event_id

    def uninstall(self) -> None:
        """Remove the app from the shop: tokens end and subscriptions go, which ``app/uninstalled`` tells last."""
        shop = self.store.shop
        content = payload("app/uninstalled", shop, shop=shop)
        self.tokens.uninstall()
        self.webhooks.unsubscribe_all(self._told("app/uninstalled", f"gid://shopify/Shop/{shop.id}", content))

    def _told(self, topic: str, gid: str, content: Mapping[str, Any]) -> Told:
        """Something to tell that is no change of the world, with an event id of its own."""
        now = self.clock.now()
        name = f"{self._identity}/{topic}/{gid}/{now.isoformat()}/{next(self._told_numbers)}"
        return Told(topic, gid, now, str(uuid.uuid5(uuid.NAMESPACE_URL, name)), lambda: content)

    def _bulk_finished(self, operation: BulkOperation) -> None:
        event_id = str(uuid.uuid5(uuid.NAMESPACE_URL, operation.gid))
        finished = partial(bulk_finished, operation, shop=self.store.shop)
        self.webhooks.publish(Told("bulk_operations/finish", operation.gid, self.clock.now(), event_id, finished))


def assemble(
    operations: BulkOperations, subscriptions: Webhooks, clock: WorldClock, answers_as: Callable[[], str]
) -> Model:
    """Join the world's view and its writes with the platform's own objects.

    Args:
        clock: Dates what apps write.
        answers_as: Gives the domain the shop names as its own; empty for its real one.
    """
    platform_objects = {**bulk_view.objects(operations), **webhooks_view.objects(subscriptions), **oauth.OBJECTS}
    platform_roots = {
        "bulkOperations": bulk_view.root(operations),
        "webhookSubscriptions": webhooks_view.root(subscriptions),
    }
    mutations = {**bulk_view.mutations(operations), **webhooks_view.mutations(subscriptions)}

    def node(store: Store, gid: str) -> Any:
        if gid.startswith(bulk.GID_PREFIX):
            return operations.find(gid)
        if gid.startswith(webhooks.GID_PREFIX):
            return subscriptions.find(gid)
        return store.node(gid)

    return Model(
        resolvers={
            **resources.RESOLVERS,
            **bulk_view.resolvers(operations),
            **webhooks_view.resolvers(),
            **oauth.RESOLVERS,
            **stock.resolvers(),
            **fulfillments.resolvers(),
            "Shop": {
                **resources.RESOLVERS["Shop"],
                "myshopifyDomain": lambda store, shop, arguments: answers_as() or shop.domain,
            },
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
        nested_sorts=resources.NESTED_SORTS,
        single=resources.SINGLE,
        mutations={**mutations, **stock.mutations(clock), **fulfillments.mutations(clock)},
        platform=frozenset({*platform_objects, *platform_roots, *mutations}),
        newest_first=frozenset({"bulkOperations"}),
        narrowed={**resources.NARROWED, "webhookSubscriptions": webhooks_view.is_shown},
        exchanges=resources.EXCHANGES,
    )
