"""The whole stack on one machine, started and stopped together.

Here: which parts there are, in which order they need each other, and the settings file that names them.
Not here: how one part is started (a module each), how they are stopped (``together.py``), any verb of the pipeline.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from shopify_pipeline.config import CONFIG_VARIABLE, load_settings
from shopify_pipeline.errors import ConfigError
from shopify_pipeline.local.dagster import HOME_VARIABLE, dagster_programs, write_instance
from shopify_pipeline.local.postgres import LocalPostgres
from shopify_pipeline.local.processes import Program, answers, free_port, write_secret
from shopify_pipeline.local.profiles import METAFIELDS, Mix, ProfileName
from shopify_pipeline.local.sandbox import LocalSandbox
from shopify_pipeline.local.together import Progress, Running, together
from shopify_pipeline.local.tryton import DATABASE, USER, TrytonServer
from shopify_pipeline.shopify.access import least_privilege
from shopify_pipeline.warehouse.migrate import migrate

UI_PORT = 3000


@dataclass(frozen=True)
class StackOptions:
    """What a stack is made of.

    Attributes:
        home: Folder of everything the stack writes.
        orders: Orders of a new sandbox world.
        seed: Seed of a new sandbox world.
        profile: What kind of shop a new sandbox world is.
        mix: What happens in a new sandbox world.
        ui: Whether Dagster's web interface, daemon and code server belong to it.
        ui_port: Port of the web interface; None: 3000, or a free one when that is taken.
        go_live_days: On the first start the books begin this many days before the shop's today.
        webhooks: Whether the receiver runs and the shop is told of it.
        watermark: Whether the shop is asked for its newest stamp, too.
    """

    home: Path
    orders: int = 2000
    seed: int = 7
    profile: ProfileName = "usd"
    mix: Mix = "plain"
    ui: bool = False
    ui_port: int | None = None
    go_live_days: int = 3
    webhooks: bool = True
    watermark: bool = True


@dataclass(frozen=True)
class Stack:
    """A stack that runs.

    Attributes:
        settings_path: The settings file that names every part; ``SHOPIFY_PIPELINE_CONFIG`` points to it.
        sandbox: The store: its shop, its world's clock, its truth.
        tryton_url: The back office.
        webhook_url: Where the shop delivers hints; None without a receiver.
        ui_url: Dagster's web interface; None without it.
        pids: Process id by part.
    """

    settings_path: Path
    sandbox: LocalSandbox
    tryton_url: str
    webhook_url: str | None
    ui_url: str | None
    pids: Mapping[str, int]

    def truth(self) -> dict[str, Any]:
        """What is true in the store, worked out apart from its server."""
        return self.sandbox.truth()


@contextmanager
def stack(options: StackOptions, progress: Progress) -> Iterator[Stack]:
    """Run the whole stack for the length of a ``with`` block.

    Whatever ends the block, and whatever fails while starting, every part that was started is stopped, last one first.
    What a killed stack left running on the same home is stopped first.

    Args:
        options: What belongs to it.
        progress: Told each step in one line.

    Raises:
        ConfigError: Another stack runs on this home, or a port that was asked for is taken; nothing was started.
        PermanentError: A part does not come up; its log is quoted and nothing is left running.
    """
    home = options.home.absolute()
    with together(home, progress) as running:
        yield _started(options, home, running)


def _started(options: StackOptions, home: Path, running: Running) -> Stack:
    """Start every part in the order they need each other."""
    progress = running.progress
    ui_port = _ui_port(options)
    running.stop_leftovers()
    postgres = LocalPostgres(home / "postgres")
    running.start("PostgreSQL", postgres, lambda: postgres.start(progress))
    migrate(postgres.dsn("warehouse"))
    sandbox = LocalSandbox(
        home / "sandbox",
        orders=options.orders,
        seed=options.seed,
        scopes=least_privilege(),
        profile=options.profile,
        mix=options.mix,
    )
    running.start("sandbox", sandbox, lambda: sandbox.start(progress, running.port("sandbox")))
    tryton = TrytonServer(home / "tryton")
    running.start("Tryton", tryton, lambda: tryton.start(progress, running.port("tryton")))

    receiver_port = running.port("receiver") if options.webhooks else None
    webhook_url = f"http://127.0.0.1:{receiver_port}/webhooks" if receiver_port else None
    settings_path = home / "config.toml"
    settings = _settings(home, postgres, sandbox, tryton, _go_live_on(home, sandbox, options), webhook_url)
    settings["triggers"] = {
        "inbox": options.webhooks,
        "watermark": options.watermark,
        # The store is small enough to be counted after every push.
        "reconcile_after_sync": True,
    }
    write_secret(settings_path, toml(settings))
    load_settings(settings_path)
    running.export(CONFIG_VARIABLE, str(settings_path))
    running.export(HOME_VARIABLE, str(write_instance(home / "dagster", storage_dsn=postgres.dsn("dagster"))))
    if receiver_port:
        receiver = _receiver(home, receiver_port)
        running.start("webhook receiver", receiver, lambda: receiver.start(progress))
    if options.ui:
        for name, program in dagster_programs(home / "dagster", ui_port=ui_port, environment=os.environ).items():
            running.start(f"Dagster {name}", program, partial(program.start, progress))
    return Stack(
        settings_path=settings_path,
        sandbox=sandbox,
        tryton_url=tryton.url,
        webhook_url=webhook_url,
        ui_url=f"http://127.0.0.1:{ui_port}" if options.ui else None,
        pids=running.pids,
    )


def _receiver(home: Path, port: int) -> Program:
    return Program(
        f"the webhook receiver at http://127.0.0.1:{port}",
        [sys.executable, "-m", "shopify_pipeline.webhooks", "--port", str(port)],
        log=home / "receiver.log",
        environment=os.environ,
        ready=lambda: answers(f"http://127.0.0.1:{port}/healthz"),
    )


def _settings(
    home: Path,
    postgres: LocalPostgres,
    sandbox: LocalSandbox,
    tryton: TrytonServer,
    go_live_on: date,
    webhook_url: str | None,
) -> dict[str, Any]:
    shop: dict[str, Any] = {
        "domain": sandbox.shop,
        "endpoint": sandbox.url,
        "ca_file": sandbox.ca_file,
        "client_id": sandbox.client_id,
        "client_secret_file": sandbox.secret_file(),
        "time_zone": sandbox.profile.time_zone,
        "go_live_on": go_live_on,
        "value_map": sandbox.profile.value_map,
    }
    if sandbox.mix == "full":
        shop["metafields"] = METAFIELDS
    if webhook_url is not None:
        shop["webhook_uri"] = webhook_url
    return {
        "home": home,
        "warehouse": {"dsn": postgres.dsn("warehouse")},
        "tryton": {
            "url": tryton.url,
            "database": DATABASE,
            "user": USER,
            "password_file": home / "tryton" / "password",
        },
        "shops": {"sandbox": shop},
    }


def _go_live_on(home: Path, sandbox: LocalSandbox, options: StackOptions) -> date:
    """The first day of the books: decided once, for a book that began does not begin again."""
    path = home / "go_live_on"
    if not path.exists():
        today = sandbox.now().astimezone(ZoneInfo(sandbox.profile.time_zone)).date()
        path.write_text((today - timedelta(days=options.go_live_days)).isoformat())
    return date.fromisoformat(path.read_text())


def toml(values: Mapping[str, Any], section: str = "") -> str:
    """Settings as TOML: text, paths, dates, booleans, lists of text, and tables of them."""
    lines, tables = [], []
    for key, value in values.items():
        if isinstance(value, Mapping):
            tables.append(toml(value, f"{section}.{key}" if section else key))
        elif isinstance(value, bool):
            lines.append(f"{key} = {str(value).lower()}")
        elif isinstance(value, tuple):
            lines.append(f"{key} = {json.dumps(value, ensure_ascii=False)}")
        elif isinstance(value, date):
            lines.append(f"{key} = {value.isoformat()}")
        else:
            # A JSON string that keeps its letters is a TOML string.
            lines.append(f"{key} = {json.dumps(str(value), ensure_ascii=False)}")
    heading = [f"[{section}]"] if section and lines else []
    return "\n".join([*heading, *lines, "", *tables])


def _ui_port(options: StackOptions) -> int:
    if options.ui_port is None:
        return free_port(UI_PORT)
    if options.ui and free_port(options.ui_port) != options.ui_port:
        raise ConfigError(f"port {options.ui_port} is taken: choose another with --ui-port, or leave it out")
    return options.ui_port
