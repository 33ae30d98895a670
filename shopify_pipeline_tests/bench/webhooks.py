"""How fast the webhook receiver acknowledges a burst: real uvicorn, real PostgreSQL that flushes to disk, loopback.

Here: making the burst and measuring. Run ``python -m shopify_pipeline_tests.bench.webhooks``; prints one JSON line and
fails when a delivery was lost (exit code 1) or one in a hundred took longer than a second (3).
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import hmac
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from shopify_pipeline.local.postgres import LocalPostgres
from shopify_pipeline.local.processes import free_port
from shopify_pipeline.warehouse.migrate import migrate
from shopify_pipeline_tests.bench.processes import cpu_seconds

SHOP, SECRET = "bench.myshopify.com", b"bench-secret"
#: Bytes of an order with a few lines, as Shopify sends it.
BODY_BYTES = 12_000
READY_SECONDS = 60
#: Shopify waits 5 s for an answer; a receiver that needs a fifth of that in a burst has nothing left for a bad day.
P99_MS_MAX = 1000
LOST, SLOW = 1, 3
#: The bursts, and whether a connection is kept for the next delivery.
WAYS = {"keep_alive": True, "new_connections": False}


@dataclass
class Measured:
    """What one burst gave.

    Attributes:
        latencies: Seconds from the first byte sent (or the connection begun) to the last byte of the answer.
    """

    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    wall_seconds: float = 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deliveries", type=int, default=10_000)
    parser.add_argument("--connections", type=int, default=150, help="deliveries on their way at the same time")
    arguments = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="shopify-pipeline-bench-"))
    home.chmod(0o711)
    postgres = LocalPostgres(home / "postgres", fsync=True)
    try:
        postgres.start(lambda line: None)
        migrate(postgres.dsn("postgres"))
        report = {
            "command": shlex.join(["python", "-m", "shopify_pipeline_tests.bench.webhooks", *sys.argv[1:]]),
            "deliveries": arguments.deliveries,
            "connections": arguments.connections,
            "body_bytes": BODY_BYTES,
            **{
                name: _burst(home, postgres.dsn("postgres"), arguments.deliveries, arguments.connections, keep_alive=on)
                for name, on in WAYS.items()
            },
        }
    finally:
        postgres.remove()
        shutil.rmtree(home)
    print(json.dumps(report))
    sys.exit(exit_code(report))


def exit_code(report: Mapping[str, Any]) -> int:
    """What the figures mean: 0, ``LOST`` or ``SLOW``."""
    bursts = [report[name] for name in WAYS]
    if any(
        (burst["statuses"], burst["kept"]) != ({"200": report["deliveries"]}, report["deliveries"]) for burst in bursts
    ):
        return LOST
    return SLOW if any(burst["p99_ms"] > P99_MS_MAX for burst in bursts) else 0


def _burst(home: Path, dsn: str, deliveries: int, connections: int, *, keep_alive: bool) -> dict[str, Any]:
    with _receiver(home, dsn) as (process, port):
        asyncio.run(_send(port, "warm-up", 200, 20, keep_alive=True))
        before = cpu_seconds(process.pid)
        name = "keep" if keep_alive else "new"
        measured = asyncio.run(_send(port, name, deliveries, connections, keep_alive=keep_alive))
        spent = cpu_seconds(process.pid) - before
    with psycopg.connect(dsn) as conn:
        kept = conn.execute("select count(*) from ops.inbox where webhook_id like %s", [f"{name}-%"]).fetchone()
    latencies = sorted(measured.latencies)
    return {
        "p50_ms": round(1000 * latencies[len(latencies) // 2], 1),
        "p99_ms": round(1000 * latencies[int(len(latencies) * 0.99)], 1),
        "max_ms": round(1000 * latencies[-1], 1),
        "per_second": round(deliveries / measured.wall_seconds),
        "receiver_cpu_seconds": round(spent, 2),
        "statuses": {str(status): count for status, count in sorted(measured.statuses.items())},
        "kept": kept[0] if kept else 0,
    }


@contextmanager
def _receiver(home: Path, dsn: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The receiver as it is run in production, in a process of its own."""
    settings = home / "config.toml"
    settings.write_text(
        f'[warehouse]\ndsn = "{dsn}"\n\n[shops.bench]\ndomain = "{SHOP}"\nclient_id = "bench"\n'
        f'client_secret = "{SECRET.decode()}"\n'
    )
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "shopify_pipeline.webhooks", "--port", str(port)],
        env={**os.environ, "SHOPIFY_PIPELINE_CONFIG": str(settings)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        asyncio.run(_until_ready(port))
        yield process, port
    finally:
        process.terminate()
        process.wait()


async def _until_ready(port: int) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.1)
        else:
            writer.close()
            return


async def _send(port: int, name: str, deliveries: int, connections: int, *, keep_alive: bool) -> Measured:
    measured, numbers = Measured(), iter(range(deliveries))
    began = time.perf_counter()
    await asyncio.gather(*(_sender(port, name, numbers, measured, keep_alive) for _ in range(connections)))
    measured.wall_seconds = time.perf_counter() - began
    return measured


async def _sender(port: int, name: str, numbers: Iterator[int], measured: Measured, keep_alive: bool) -> None:
    """One connection after the other, or one for all."""
    link: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
    for number in numbers:
        request = _request(f"{name}-{number}", keep_alive)
        began = time.perf_counter()
        reader, writer = link or await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
        )
        await reader.readexactly(length)
        measured.latencies.append(time.perf_counter() - began)
        measured.statuses[int(head.split(b" ", 2)[1])] += 1
        if keep_alive and b"connection: close" not in head.lower():
            link = reader, writer
        else:
            writer.close()
            link = None
    if link is not None:
        link[1].close()


def _request(webhook_id: str, keep_alive: bool) -> bytes:
    body = json.dumps({"id": webhook_id, "note": "x" * BODY_BYTES}).encode()
    signature = base64.b64encode(hmac.digest(SECRET, body, hashlib.sha256)).decode()
    lines = [
        "POST /webhooks HTTP/1.1",
        "Host: localhost",
        f"Connection: {'keep-alive' if keep_alive else 'close'}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "X-Shopify-Topic: orders/updated",
        f"X-Shopify-Hmac-Sha256: {signature}",
        f"X-Shopify-Shop-Domain: {SHOP}",
        "X-Shopify-API-Version: 2026-10",
        f"X-Shopify-Webhook-Id: {webhook_id}",
        f"X-Shopify-Event-Id: event-{webhook_id}",
        "X-Shopify-Triggered-At: 2026-11-20T12:00:00.000000Z",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


if __name__ == "__main__":
    main()
