"""``shopify-pipeline report``: the page where somebody wants it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from shopify_pipeline.warehouse.connect import connect
from shopify_pipeline_tests.reconcile.a_shop import AShop
from shopify_pipeline_tests.reconcile.company import GO_LIVE_ON, ZONE
from shopify_pipeline_tests.reconcile.warehouse_rows import SHOP


def test_the_command_writes_the_page_into_the_file_it_is_given_or_below_home(
    warehouse_dsn: str, tmp_path: Path
) -> None:
    with connect(warehouse_dsn) as conn:
        shop = AShop.opened(conn, tmp_path)
        shop.order((shop.item(), 1, "10.00"))
        shop.push()
        shop.snapshot()
        shop.count()
        shop.reconcile()
    config = tmp_path / "config.toml"
    config.write_text(
        f'home = "{tmp_path}"\n[warehouse]\ndsn = "{warehouse_dsn}"\n[shops.main]\ndomain = "{SHOP}"\n'
        f'access_token = "secret"\ntime_zone = "{ZONE}"\ngo_live_on = {GO_LIVE_ON}\n'
    )

    command = [sys.executable, "-m", "shopify_pipeline.cli", "report", "--config", str(config), "--json"]
    answers = [
        json.loads(subprocess.run([*command, *more], check=True, capture_output=True, timeout=60).stdout)
        for more in (["--out", str(tmp_path / "page.html")], [])
    ]

    assert [each["report"] for each in answers] == [
        str(tmp_path / "page.html"),
        str(tmp_path / "reports" / SHOP / "2026-11-20.html"),
    ]
    assert all(each["verdict"] in Path(each["report"]).read_text() for each in answers)
