"""A busy shop is followed by increments alone for thousands of steps: is the warehouse then what the store says it is?

Here: the shop that lives and misbehaves, the increments, and the comparison, row by row, with the store's own auditor.
A deletion whose hint got lost is not to be seen by any window, and of a customer merged into another nothing is told
within our scopes: for those two declared sweeps follow, compared apart.
Run ``python -m shopify_pipeline_tests.soak.follow`` (``make soak``); prints one JSON document, exits 1 on a difference.
"""

from __future__ import annotations

import argparse
import json
import logging
import shlex
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import structlog

from shopify_pipeline.local.postgres import LocalPostgres
from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.shopify.access import least_privilege, optional
from shopify_pipeline.shopify.answers import Answer
from shopify_pipeline.shopify.queries import Operation
from shopify_pipeline.shopify.streams import IDS
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline.steps.verify import TABLES, Difference, differences, held_rows
from shopify_pipeline.warehouse.migrate import migrate
from shopify_pipeline_tests.shopify.sandboxed import SHOP
from shopify_pipeline_tests.webhooks.hinted import HintedShop, hinted_shop
from shopify_sandbox.truth import KEYS, rows_of, truth
from shopify_sandbox.world.cases import cases
from shopify_sandbox.world.metafields import FIELDS

#: How the shop misbehaves while it is followed.
MISBEHAVIOUR = {
    "index_lag_seconds": 300,
    "webhook_duplicate_share": 0.2,
    "webhook_loss_share": 0.1,
    "webhook_disorder_share": 0.2,
    "webhook_retry_span_seconds": 2.0,
}
#: Share of pages behind which something happens in the shop before the next one is read.
MID_PAGE_SHARE = 0.25
#: Between two increments the shop's clock moves by up to so many hours.
HOURS_MAX = 8.0
EVERYTHING_IS_TOLD_HOURS = 0.25
#: Increments after the last thing happened: the index has told everything, and what waits to be read again is read.
QUIET_INCREMENTS = 3
PRINTED_MAX = 40
#: Metafields the worlds have, by stream.
METAFIELDS = {
    stream: [f"{namespace}.{key}" for namespace, key, _ in FIELDS[owner]]
    for stream, owner in (("orders", "Order"), ("customers", "Customer"), ("products", "Product"))
}
#: What would do the work in place of the increments.
BULK = "BulkRun"
BULK_NEVER = 10**9


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=2_000, help="orders of the world before it is followed")
    parser.add_argument("--days", type=int, default=90, help="days of its history")
    parser.add_argument("--steps", type=int, default=2_000, help="things that happen while it is followed")
    parser.add_argument("--every", type=int, default=40, help="things that happen between two increments")
    parser.add_argument("--seed", type=int, default=1, help="seed of the world and of what happens when")
    given = parser.parse_args(arguments)
    command = shlex.join(["python", "-m", "shopify_pipeline_tests.soak.follow", *arguments])
    # What fails is raised; what goes well is told by the steps.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="shopify-pipeline-soak-") as folder, _warehouse(Path(folder)) as dsn:
        world = {"orders": given.orders, "days": given.days, "seed": given.seed, "mix": "full"}
        with hinted_shop(Path(folder), dsn, settings={"metafields": METAFIELDS}, **world) as shop:
            found = Following(shop, Random(given.seed), every=given.every).follow(given.steps)
    print(json.dumps({"command": command, "seconds": round(time.monotonic() - begun), **found}, indent=1))
    is_explained = found["lost_hints_of_deletions"] or not found["differing_by_increments_alone"]["otherwise"]
    sys.exit(0 if is_explained and not found["differing"] else 1)


@contextmanager
def _warehouse(home: Path) -> Iterator[str]:
    postgres = LocalPostgres(home / "postgres", fsync=False)
    postgres.start(lambda line: None)
    try:
        dsn = postgres.dsn("warehouse")
        migrate(dsn)
        yield dsn
    finally:
        postgres.remove()


class Following:
    """A shop that goes on living, and the increments that follow it."""

    def __init__(self, shop: HintedShop, rng: Random, *, every: int) -> None:
        self._shop, self._rng, self._every = shop, rng, every
        self._store = shop.store.sandbox.store
        self._steps = 0
        self._is_quiet = False

    def follow(self, steps: int) -> dict[str, Any]:
        """Load the shop whole, let it live, follow it, and compare."""
        self._shop.store.sandbox.tokens.set_scopes([*least_privilege(), *optional()])
        self._shop.sync()
        pipeline = self._pipeline()
        before, held_before = Counter(self._asked()), cases(self._store.state)
        self._shop.store.sandbox.settings.change(MISBEHAVIOUR)
        pipeline.subscribe()
        increments = 0
        while self._steps < steps:
            for _ in range(self._every):
                self._step()
            self._store.advance(hours=self._rng.random() * HOURS_MAX)
            self._increment(pipeline)
            increments += 1
            say(f"{self._steps} steps, {increments} increments")
        self._is_quiet = True
        for _ in range(QUIET_INCREMENTS):
            self._store.advance(hours=EVERYTHING_IS_TOLD_HOURS)
            self._hints_have_come()
            self._increment(pipeline)
        asked = Counter(self._asked()) - before
        by_increments = self._different()
        merged = self._merged_customers()
        of_merged = [each for each in by_increments if merged & set(each.key.split(","))]
        lost = self._lost_deletions()
        say(
            f"{len(by_increments)} values differ, {len(of_merged)} of them of {len(merged)} merged customers; "
            f"{sum(lost.values())} hints of deletions were lost; two sweeps follow"
        )
        for difference in by_increments[:PRINTED_MAX]:
            say(str(difference))
        for _ in range(2):
            self._store.advance(hours=EVERYTHING_IS_TOLD_HOURS)
            for stream in IDS:
                # One product is a larger share of a small shop than the guard lets pass.
                pipeline.sweep(stream, share_max=0.05)
        # What names something that is gone is read again by the next increment.
        self._increment(pipeline)
        remaining = self._different()
        return {
            "steps": self._steps,
            "increments": increments + QUIET_INCREMENTS,
            "cases": {name: max(number, held_before[name]) for name, number in cases(self._store.state).items()},
            "asked_by_increments": dict(sorted(asked.items())),
            "bulk_operations_of_increments": asked[BULK],
            "rows": {name: told["count"] for name, told in truth(self._shop.store.sandbox.state)["tables"].items()},
            "lost_hints_of_deletions": dict(lost),
            "differences_by_increments_alone": [str(each) for each in by_increments if each not in of_merged][
                :PRINTED_MAX
            ],
            "merged_customers": len(merged),
            "differing_by_increments_alone": {
                "of_merged_customers": len(of_merged),
                "otherwise": len(by_increments) - len(of_merged),
            },
            "differences": [str(each) for each in remaining[:PRINTED_MAX]],
            "differing": len(remaining),
        }

    def _pipeline(self) -> Pipeline:
        """A pipeline behind whose pages things happen, until ``is_quiet``."""
        pipeline = self._shop.pipeline()
        # However much changed at once, and what has no window too: increments are to show that they read it.
        extract = pipeline.settings.extract.model_copy(update={"bulk_threshold": BULK_NEVER})
        pipeline.settings = pipeline.settings.model_copy(update={"extract": extract})
        execute = pipeline.api.execute

        def watched(document: Operation, variables: Mapping[str, object] | None = None) -> Answer:
            answer = execute(document, variables)
            if not self._is_quiet and document.name.endswith("Page") and self._rng.random() < MID_PAGE_SHARE:
                self._step()
            return answer

        pipeline.api.execute = watched  # type: ignore[method-assign]
        return pipeline

    def _step(self) -> None:
        self._store.tick()
        self._steps += 1

    def _increment(self, pipeline: Pipeline) -> None:
        for stream in STREAMS:
            pipeline.extract(stream)
            pipeline.load(stream)
        pipeline.handle_hints()

    def _hints_have_come(self) -> None:
        self._shop.wait_for(lambda: not self._shop.store.sandbox.webhooks.deliveries.waiting())

    def _asked(self) -> Iterator[str]:
        return (
            line["operation"] or "unnamed"
            for line in self._shop.store.sandbox.requests.read()
            if line["kind"] == "graphql"
        )

    def _different(self) -> list[Difference]:
        state = self._shop.store.sandbox.state
        found: list[Difference] = []
        with self._pipeline().connect() as conn:
            for name, told in rows_of(state, KEYS).items():
                columns = list(told[0]) if told else [column.name for column in TABLES[name].columns]
                found += differences(TABLES[name], told, held_rows(conn, SHOP, TABLES[name], columns))
        return found

    def _merged_customers(self) -> set[str]:
        """Customers who are gone into another one, as the keys of their rows begin."""
        log = self._shop.store.sandbox.state / "events.jsonl"
        events = (json.loads(line) for line in log.read_bytes().splitlines() if b"customers_merged" in line)
        return {f"customer_id={event['merged_id']}" for event in events if event["event"] == "customers_merged"}

    def _lost_deletions(self) -> Counter[str]:
        """Hints of deletions that never arrived: what they would have told only a sweep can find."""
        return Counter(
            line["topic"]
            for line in self._shop.store.sandbox.deliveries.read()
            if line["outcome"] == "lost" and line["topic"].endswith("/delete")
        )


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
