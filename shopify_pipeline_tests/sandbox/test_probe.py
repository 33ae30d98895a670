"""The probe of a development store, tried on a store that is a sandbox in another process's eyes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import shopify_pipeline_tests
from shopify_pipeline_tests.sandbox.serving import SHOP, Shop

ROOT = Path(shopify_pipeline_tests.__path__[0]).parent
LOOPBACK = ROOT / "shopify_pipeline_tests" / "peers" / "loopback"


def probed(shop: Shop, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the probe against a served shop, which it reaches by its name."""
    token = folder / "token.txt"
    token.write_text(str(shop.session.headers["X-Shopify-Access-Token"]))
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(LOOPBACK), str(ROOT)]),
        "SHOPIFY_SANDBOX_PORT": str(shop.server.port),
    }
    command = [sys.executable, "-m", "shopify_pipeline_tests.conformance.probe", SHOP, str(token)]
    return subprocess.run(
        [*command, "--ca-file", str(shop.server.tls.ca), *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_the_probe_says_which_assumptions_hold_and_keeps_what_was_said(own_shop: Shop, tmp_path: Path) -> None:
    own_shop.control("PUT", "settings", {"plan": "enterprise"})  # so that the probe need not wait for its bucket
    run = probed(own_shop, tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    said = run.stdout.splitlines()
    assert sum(line.startswith("holds") for line in said) >= 5
    assert not [line for line in said if line.startswith("DIFFERS")]
    kept = list((tmp_path / "build" / "conformance").glob("*.json"))
    assert kept
    assert str(own_shop.session.headers["X-Shopify-Access-Token"]) not in "".join(path.read_text() for path in kept)


def test_the_probe_wants_a_store_and_a_token() -> None:
    command = [sys.executable, "-m", "shopify_pipeline_tests.conformance.probe", "example.com", "nothing.txt"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert run.returncode == 2
    assert "myshopify.com domain" in run.stderr
