"""How fast the store answers: ``python -m shopify_sandbox.bench`` prints one JSON line.

Belongs here: the measuring. CPU seconds are those of this process; the pages served over HTTPS contain their client's.
"""

import argparse
import gc
import json
import shlex
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import requests

from shopify_sandbox.admin.throttle import Bucket
from shopify_sandbox.http.server import SandboxServer
from shopify_sandbox.sandbox import VERSION, Credentials, Sandbox
from shopify_sandbox.store import Store
from shopify_sandbox.world.arguments import MIXES, Arguments
from shopify_sandbox.world.cases import cases

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SHOP = "sandbox-usd.myshopify.com"
PAGE_SIZE = 250
TICKS = 300
MONEY = "{ shopMoney { amount currencyCode } presentmentMoney { amount currencyCode } }"
ORDER = f"""
  id name email phone note tags sourceName createdAt processedAt updatedAt cancelledAt closedAt cancelReason
  displayFinancialStatus displayFulfillmentStatus test edited taxesIncluded currencyCode presentmentCurrencyCode
  customer {{ id }} shippingAddress {{ firstName lastName address1 city zip provinceCode countryCodeV2 }}
  totalPriceSet {MONEY} subtotalPriceSet {MONEY} totalTaxSet {MONEY} totalDiscountsSet {MONEY}
  currentTotalPriceSet {MONEY} currentTotalTaxSet {MONEY} totalReceivedSet {MONEY} totalRefundedSet {MONEY}
  netPaymentSet {MONEY} totalOutstandingSet {MONEY}
  transactions {{ id kind status gateway createdAt processedAt amountSet {MONEY} parentTransaction {{ id }} }}
"""
LINE = f"""
  id title variantTitle sku vendor quantity currentQuantity product {{ id }} variant {{ id }}
  originalUnitPriceSet {MONEY} discountedTotalSet {MONEY} taxLines {{ title rate priceSet {MONEY} }}
"""
SALE = f"id actionType lineType quantity totalAmount {MONEY} totalTaxAmount {MONEY}"
PAGE = f"""query Page($first: Int!, $after: String, $query: String) {{
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {{
    nodes {{ {ORDER}
      lineItems(first: 5) {{ nodes {{ {LINE} }} pageInfo {{ hasNextPage endCursor }} }}
      agreements(first: 3) {{
        nodes {{ id happenedAt reason sales(first: 5) {{ nodes {{ {SALE} }} pageInfo {{ hasNextPage endCursor }} }} }}
        pageInfo {{ hasNextPage endCursor }}
      }}
      refunds {{ id createdAt note totalRefundedSet {MONEY} }}
      fulfillments {{ id name status createdAt trackingInfo {{ company number url }} }}
    }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}"""
BULK = f"""{{ orders {{ edges {{ node {{ {ORDER}
  lineItems {{ edges {{ node {{ {LINE} }} }} }}
  agreements {{ edges {{ node {{ id happenedAt reason sales {{ edges {{ node {{ {SALE} }} }} }} }} }} }}
}} }} }} }}"""
RUN = "mutation Run($query: String!) { bulkOperationRunQuery(query: $query) { bulkOperation { id } } }"
POLL = "query Poll($id: ID!) { bulkOperation(id: $id) { status objectCount rootObjectCount fileSize url } }"
SEARCH = "updated_at:>='2026-01-01T00:00:00Z' AND updated_at:<='2026-12-31T00:00:00Z'"
GRANTED = frozenset(
    {"read_all_orders", "read_customers", "read_fulfillments", "read_inventory", "read_locations", "read_orders"}
    | {"read_products"}
)

Ask = Callable[[str, dict[str, Any]], dict[str, Any]]
T = TypeVar("T")


def main(arguments: list[str]) -> None:
    """Make a world, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m shopify_sandbox.bench", description=__doc__)
    parser.add_argument("--orders", type=int, default=10_000, help="orders of the world")
    parser.add_argument("--seed", type=int, default=7, help="seed of the world")
    parser.add_argument("--mix", choices=MIXES, default="plain", help="what the world is made of")
    given = parser.parse_args(arguments)
    with TemporaryDirectory() as home:
        asked = Arguments(seed=given.seed, orders=given.orders, days=90, now=NOW, shop=SHOP, mix=given.mix)
        figures = measured(Path(home), asked)
    command = shlex.join(["python", "-m", "shopify_sandbox.bench", *arguments])
    print(json.dumps({"command": command, **figures}))


def measured(home: Path, asked: Arguments) -> dict[str, Any]:
    """Measure a new world in a directory: made, served, opened again, and how it goes on; seconds and bytes."""
    made, store = timed(lambda: Store.create(home, asked))
    world = {
        "orders": asked.orders,
        "orders_held": len(store.state.orders),
        "seed": asked.seed,
        "mix": asked.mix,
        **made,
        "peak_memory_bytes": peak_memory(),
    }
    answers = answered(home, store)
    log_bytes = (home / "events.jsonl").stat().st_size
    peak = peak_memory()
    del store
    gc.unfreeze()
    gc.collect()
    opened, store = timed(lambda: Store.open(home))
    return {
        "world": {**world, "log_bytes": log_bytes, "peak_memory_bytes_when_served": peak},
        **answers,
        "opened": opened,
        "cases": timed(lambda: cases(store.state))[0],
        "ticks": ticks(store),
    }


def answered(home: Path, store: Store) -> dict[str, Any]:
    """Serve the store and read all of it."""
    bucket = Bucket(time.monotonic, restore_per_second=1_000_000)
    sandbox = Sandbox(home, store, Credentials("client", "secret", "key"), bucket=bucket)
    api = sandbox.versions.api(VERSION)

    def ask(query: str, variables: dict[str, Any]) -> dict[str, Any]:
        return api.answer({"query": query, "variables": variables}, GRANTED).body

    server = SandboxServer(sandbox)
    server.start()
    gc.freeze()
    try:
        pages = {
            "plain": paged(ask, None),
            "searched": paged(ask, SEARCH),
            "served": paged(served(server, sandbox.tokens.create_static()), None),
        }
        return {"pages": pages, "bulk": {"cold": bulk(ask), "cached": bulk(ask)}}
    finally:
        server.stop()


def peak_memory() -> int:
    """The most bytes this process has held so far."""
    return getrusage(RUSAGE_SELF).ru_maxrss * 1_024


def timed(act: Callable[[], T]) -> tuple[dict[str, float], T]:
    """What it took, and what it gave."""
    cpu, wall = time.process_time(), time.perf_counter()
    result = act()
    spent = {"cpu_seconds": time.process_time() - cpu, "wall_seconds": time.perf_counter() - wall}
    return {name: round(seconds, 3) for name, seconds in spent.items()}, result


def ticks(store: Store) -> dict[str, float]:
    """Let the world go on; the first tick after opening looks at every order once. CPU milliseconds."""
    spent = [timed(store.tick)[0]["cpu_seconds"] * 1_000 for _ in range(TICKS)]
    return {
        "first_ms": round(spent[0], 1),
        "median_ms": round(statistics.median(spent[1:]), 1),
        "slowest_ms": round(max(spent[1:]), 1),
    }


def paged(ask: Ask, search: str | None) -> dict[str, Any]:
    """Read all orders by pages."""
    spent, walls, sizes, read = [], [], [], 0
    pages = walked(ask, search)
    while True:
        cpu, wall = time.process_time(), time.perf_counter()
        page = next(pages, None)
        if page is None:
            break
        text = json.dumps(page)
        spent.append(time.process_time() - cpu)
        walls.append(time.perf_counter() - wall)
        sizes.append(len(text))
        read += len(page["data"]["orders"]["nodes"])
    return {
        "page_size": PAGE_SIZE,
        "pages": len(spent),
        "orders": read,
        "bytes_per_page": sum(sizes) // len(sizes),
        "cpu_seconds": round(sum(spent), 3),
        "cpu_seconds_per_page": {"first": round(spent[0], 3), "median": round(statistics.median(spent), 3)},
        "wall_seconds_per_page": {"slowest": round(max(walls), 3), "median": round(statistics.median(walls), 3)},
        "orders_per_cpu_second": round(read / sum(spent)),
    }


def walked(ask: Ask, search: str | None) -> Iterator[dict[str, Any]]:
    after: str | None = None
    while True:
        body = ask(PAGE, {"first": PAGE_SIZE, "after": after, "query": search})
        yield body
        info = body["data"]["orders"]["pageInfo"]
        if not info["hasNextPage"]:
            return
        after = info["endCursor"]


def served(server: SandboxServer, token: str) -> Ask:
    """Ask over HTTPS, as any client does."""
    session = requests.Session()
    session.trust_env = False
    session.verify = str(server.tls.ca)
    session.headers["X-Shopify-Access-Token"] = token
    url = f"{server.url}/admin/api/{VERSION}/graphql.json"

    def ask(query: str, variables: dict[str, Any]) -> dict[str, Any]:
        answer = session.post(url, json={"query": query, "variables": variables}, timeout=60)
        body: dict[str, Any] = answer.json()
        return body

    return ask


def bulk(ask: Ask) -> dict[str, Any]:
    """Run one bulk operation to its end."""
    cpu = time.process_time()
    made = ask(RUN, {"query": BULK})["data"]["bulkOperationRunQuery"]["bulkOperation"]
    while (found := ask(POLL, {"id": made["id"]})["data"]["bulkOperation"])["status"] in ("CREATED", "RUNNING"):
        time.sleep(0.05)
    spent = time.process_time() - cpu
    return {
        "status": found["status"],
        "objects": int(found["objectCount"]),
        "orders": int(found["rootObjectCount"]),
        "bytes": int(found["fileSize"]),
        "cpu_seconds": round(spent, 3),
        "orders_per_cpu_second": round(int(found["rootObjectCount"]) / spent),
    }


if __name__ == "__main__":
    main(sys.argv[1:])
