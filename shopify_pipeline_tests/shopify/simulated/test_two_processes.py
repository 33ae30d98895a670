"""Two real processes on the bucket of one served sandbox: both get their orders, and hardly a refusal."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from shopify_pipeline_tests.shopify.sandboxed import CREDENTIALS, NOW, SHOP
from shopify_sandbox.admin.throttle import Bucket
from shopify_sandbox.http.server import SandboxServer
from shopify_sandbox.sandbox import Sandbox
from shopify_sandbox.store import Store
from shopify_sandbox.world.arguments import Arguments

READ = """
import json, sys
from datetime import datetime
from pathlib import Path
from random import Random
from shopify_pipeline.clock import SystemClock
from shopify_pipeline.shopify.client import AdminApi
from shopify_pipeline.shopify.pages import PageReader
from shopify_pipeline.shopify.session import HttpSession
from shopify_pipeline.shopify.streams import READINGS
from shopify_pipeline.shopify.tokens import ClientCredentials
from shopify_pipeline.shopify.windows import Window
url, ca_file, shop, client_id, secret, until = sys.argv[1:]
clock = SystemClock()
session = HttpSession(allowed_hosts={"127.0.0.1"}, clock=clock, ca_file=Path(ca_file))
tokens = ClientCredentials(endpoint=url, client_id=client_id, client_secret=secret, session=session, clock=clock)
api = AdminApi(shop=shop, session=session, tokens=tokens, clock=clock, rng=Random(until), endpoint=url)
reader = PageReader(api, page_size=5, progress=lambda line: None)
window = Window(None, datetime.fromisoformat(until))
print(sum(body.roots for body in reader.window(READINGS["orders"].roots[0], window, counted=0)))
"""


def test_two_processes_on_one_bucket_both_read_everything(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "shop", Arguments(seed=11, orders=60, days=30, now=NOW, shop=SHOP))
    bucket = Bucket(time.monotonic, restore_per_second=1_000)
    bucket.take(19_000)
    server = SandboxServer(Sandbox(tmp_path / "shop", store, CREDENTIALS, bucket=bucket))
    server.start()
    try:
        arguments = [server.url, str(server.tls.ca), SHOP, CREDENTIALS.client_id, CREDENTIALS.client_secret]
        command = [sys.executable, "-c", READ, *arguments, NOW.isoformat()]
        readers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        told = [json.loads(reader.communicate(timeout=120)[0]) for reader in readers]
        asked = [line for line in server.sandbox.requests.read() if line["operation"] == "OrdersPage"]
    finally:
        server.stop()
    assert told == [60, 60]
    assert sum(line["actual"] is None for line in asked) <= 2
    assert sum(line["actual"] is not None for line in asked) == 2 * 12
