"""What the store is doing: one reading of its state, for the control endpoint and the status page.

Belongs here: gathering. Nothing is changed, no secret is read, and no record's content; how it looks is in
``status_page.py``.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from shopify_sandbox import resources
from shopify_sandbox.sandbox import Sandbox

#: Latest entries that are shown of each log.
SHOWN = 20
BULK_SHOWN = 10
#: Who reads a bulk file may hold the world for seconds; the status then shows the counts it had before.
LOCK_SECONDS = 0.2


class StatusReader:
    """Reads the status of one sandbox; thread-safe."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._counts: Mapping[str, int] = {}

    def read(self) -> dict[str, Any]:
        """Give the status, ready for JSON; logs run from old to new."""
        sandbox = self._sandbox
        return {
            "shop": sandbox.store.shop.domain,
            "now": sandbox.clock.now().isoformat().replace("+00:00", "Z"),
            "version": sandbox.version,
            "versions": list(sandbox.versions.served),
            "settings": asdict(sandbox.settings.current),
            "counts": self._counted(),
            "bucket": sandbox.bucket.status().body(),
            "bulk_operations": [
                {
                    "id": each.gid,
                    "status": each.status,
                    "error_code": each.error_code,
                    "created_at": each.created_at,
                    "completed_at": each.completed_at,
                    "objects": each.object_count,
                    "roots": each.root_object_count,
                    "bytes": each.file_size,
                }
                for each in sandbox.bulk.all()[-BULK_SHOWN:]
            ],
            "webhooks_delivered": sandbox.webhooks.deliver,
            "subscriptions": [
                {"id": each.gid, "topic": each.topic, "uri": each.uri, "api_version": each.api_version}
                for each in sandbox.webhooks.subscriptions()
            ],
            "deliveries": sandbox.deliveries.tail(SHOWN),
            "faults": sandbox.faults.content(),
            "fault_log": sandbox.faults.log.tail(SHOWN),
            "requests": sandbox.requests.tail(SHOWN),
        }

    def _counted(self) -> Mapping[str, int]:
        store = self._sandbox.store
        if store.lock.acquire(timeout=LOCK_SECONDS):
            try:
                self._counts = {name: len(root.records(store)) for name, root in resources.ROOTS.items()}
            finally:
                store.lock.release()
        return self._counts
