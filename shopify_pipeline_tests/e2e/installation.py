"""One installation of the pipeline as a user has it: a home, a settings file, a warehouse, books, and the real command.

Here: making, copying and running one, and what all of it holds in a form two installations can be compared by.
Not here: what a scenario does with it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from shopify_pipeline.config import Settings, load_settings
from shopify_pipeline.failpoints import KILL_AT, Failpoint
from shopify_pipeline.landing import Landing
from shopify_pipeline.local.postgres import LocalPostgres
from shopify_pipeline.local.profiles import METAFIELDS
from shopify_pipeline.local.stack import toml
from shopify_pipeline.local.tryton import DATABASE, USER, TrytonServer
from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline.steps.verify import compare
from shopify_pipeline.warehouse.connect import Connection, connect
from shopify_pipeline.warehouse.loads import Loads
from shopify_pipeline_tests.e2e.store import Store

# Orders per call to the back office: so few that the orders of the smallest world are several batches.
BATCH_SIZE = 2
# Every window is read by a bulk operation, so that an increment goes the way of a full load.
BULK_THRESHOLD = 1
COMMAND_SECONDS = 120
SHOP = "sandbox-usd.myshopify.com"
BOOKS = ("orders", "documents", "ledger", "payments", "stock")


@dataclass(frozen=True)
class Ran:
    """What a finished command left behind."""

    code: int
    out: str
    err: str

    @property
    def counts(self) -> dict[str, int]:
        """Its answer, when it was asked for JSON."""
        answer: dict[str, int] = json.loads(self.out)
        return answer


@dataclass(frozen=True)
class Installation:
    """One installation; several share the PostgreSQL server and nothing else.

    Attributes:
        home: Settings, landing zone and books.
        database: Its warehouse on the PostgreSQL server.
        tryton: Its books, with a server of their own.
        go_live_on: First day of the books.
        tryton_url: How it reaches the books, when something stands between; None: the server itself.
    """

    home: Path
    database: str
    postgres: LocalPostgres
    store: Store
    tryton: TrytonServer
    go_live_on: date
    tryton_url: str | None = None

    def write_settings(self) -> Path:
        """Write the settings file as the local stack does; returns its path."""
        settings = {
            "home": self.home,
            "warehouse": {"dsn": self.dsn},
            "tryton": {
                "url": self.tryton_url or self.tryton.url,
                "database": DATABASE,
                "user": USER,
                "password_file": self.tryton.home / "password",
                "batch_size": BATCH_SIZE,
            },
            "backoffice": {"pause_seconds": 0},
            "extract": {"bulk_threshold": BULK_THRESHOLD},
            "lag": {"backoffice_seconds": 0},
            "shops": {
                "sandbox": {
                    "domain": SHOP,
                    "endpoint": self.store.server.url,
                    "ca_file": self.store.server.ca_file,
                    "client_id": self.store.server.client_id,
                    "client_secret_file": self.store.server.secret_file(),
                    "time_zone": self.store.server.profile.time_zone,
                    "go_live_on": self.go_live_on,
                    "value_map": self.store.server.profile.value_map,
                    "metafields": METAFIELDS if self.store.server.mix == "full" else {},
                }
            },
        }
        self.settings_path.write_text(toml(settings))
        return self.settings_path

    @property
    def settings_path(self) -> Path:
        return self.home / "config.toml"

    @property
    def settings(self) -> Settings:
        return load_settings(self.settings_path)

    @property
    def dsn(self) -> str:
        return self.postgres.dsn(self.database)

    def connect(self) -> Connection:
        return connect(self.dsn)

    def copy(self, home: Path, *, store: Store | None = None) -> Installation:
        """The same installation once more: files, warehouse and books are copied; its Tryton runs when this returns."""
        database = re.sub(r"\W", "_", home.name)
        shutil.copytree(self.home, home, ignore=shutil.ignore_patterns("tryton"))
        with psycopg.connect(self.postgres.dsn("postgres"), autocommit=True) as connection:
            connection.execute(
                sql.SQL("create database {} template {}").format(
                    sql.Identifier(database), sql.Identifier(self.database)
                )
            )
        tryton = TrytonServer(home / "tryton")
        _copy_books(self.tryton.home, tryton.home)
        tryton.start(lambda line: None)
        made = replace(self, home=home, database=database, tryton=tryton, store=store or self.store)
        made.write_settings()
        return made

    def remove(self) -> None:
        """Stop Tryton and drop the warehouse; the home belongs to the test's own folder."""
        self.tryton.stop()
        with psycopg.connect(self.postgres.dsn("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(self.database)))

    def start(self, *arguments: str, kill_at: Failpoint | None = None) -> subprocess.Popen[str]:
        """Start the command on this installation, to die at a failpoint if one is named."""
        return subprocess.Popen(
            [sys.executable, "-m", "shopify_pipeline.cli", *arguments, "--config", str(self.settings_path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=bare_environment() | ({KILL_AT: kill_at.value} if kill_at else {}),
        )

    def run(self, *arguments: str, kill_at: Failpoint | None = None) -> Ran:
        """Run the command to its end."""
        with self.start(*arguments, kill_at=kill_at) as process:
            out, err = process.communicate(timeout=COMMAND_SECONDS)
        return Ran(process.returncode, out, err)

    def done(self, *arguments: str) -> Ran:
        """Run a command that must succeed and find everything in order."""
        ran = self.run(*arguments)
        assert ran.code == 0, ran.err
        return ran

    def pipeline(self) -> Pipeline:
        """The steps the command calls, in this process: for work nothing is to be learned about."""
        return Pipeline(self.settings, SHOP, progress=lambda line: None)

    def sync(self) -> None:
        """Read what changed, in this process."""
        pipeline = self.pipeline()
        for stream in STREAMS:
            pipeline.extract(stream)
            pipeline.load(stream)

    def reconcile(self) -> None:
        """Count the shop, read the books and compare them, in this process."""
        pipeline = self.pipeline()
        pipeline.census()
        pipeline.snapshot()
        pipeline.reconcile()

    def rewind(self, stream: str, to: datetime) -> None:
        """Move a cursor back."""
        with self.connect() as conn:
            Loads(conn).set_cursor(SHOP, stream, to)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query of the test's own."""
        with self.connect() as conn:
            return conn.execute(query).fetchall()  # type: ignore[arg-type]

    def dirty_orders(self) -> set[str]:
        """Ids of the orders that are owed to the books."""
        return {order_id for (order_id,) in self.rows("select external_id from ops.dirty where resource = 'orders'")}

    def books(self) -> dict[str, int]:
        """Records by resource, as Tryton itself counts them now."""
        return self.pipeline().backoffice.counts(SHOP)

    def calls_to_the_books(self) -> list[str]:
        """Methods Tryton was asked for since its server started, in order, from its own log."""
        return re.findall(r"\[POST\] (\S+)>", self.tryton.log.read_text())

    def landed_bytes(self, stream: str, kind: str) -> int:
        """Bytes, before compression, of the largest part of this kind in the stream's newest load."""
        query = f"select landing_prefix from ops.loads where stream = '{stream}' order by load_id desc limit 1"
        ((prefix,),) = self.rows(query)
        parts = Landing.at(self.settings.landing_place).manifest(prefix).parts
        return max(part.bytes for part in parts if part.kind == kind)

    def difference_to_truth(self) -> dict[str, tuple[str, ...]]:
        """Tables whose ids, field hashes or money sums are not what another process says of the store."""
        with self.connect() as conn:
            compared = compare(conn, SHOP, self.store.server.truth()["tables"])
        return {one.table: one.differs for one in compared if one.differs}

    def holds(self) -> dict[str, str]:
        """What warehouse, books and break ledger hold, as one hash a table; when and how it came there left out."""
        held = {f"shopify.{name}": query for name, query in _warehouse_queries().items()}
        held |= {f"backoffice.{name}": f"select * from backoffice.{name}" for name in BOOKS}
        held |= {
            "recon.breaks": "select rule, class, entity, key, status from recon.breaks",
            "ops.quarantine": "select stream, root_type, root_id, rule, path, released_at is null from ops.quarantine",
            "ops.cursors": "select stream, cursor_at from ops.cursors",
            "ops.dirty": "select resource, external_id from ops.dirty",
        }
        return {name: _hash(self.rows(query)) for name, query in held.items()}


def bare_environment() -> dict[str, str]:
    """Our environment without settings of the pipeline."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SHOPIFY_PIPELINE_")}


def _copy_books(home: Path, to: Path) -> None:
    """Copy the books of a server that may be running."""
    to.mkdir()
    for name in ("password", "admin-password"):
        shutil.copy(home / name, to / name)
    with (
        closing(sqlite3.connect(home / f"{DATABASE}.sqlite")) as source,
        closing(sqlite3.connect(to / f"{DATABASE}.sqlite")) as target,
    ):
        source.backup(target)


def _warehouse_queries() -> dict[str, str]:
    """By table: Shopify's own columns, and which roots are gone."""
    queries = {}
    for stream in STREAMS.values():
        roots = [table for _, table in stream.roots]
        for table in stream.tables:
            columns = ["shop", *(column.name for column in table.columns)]
            if table in roots:
                columns += ["_deleted"]
            queries[table.name] = f"select {', '.join(columns)} from shopify.{table.name}"
    return queries


def _hash(rows: list[tuple[Any, ...]]) -> str:
    lines = sorted(repr(row) for row in rows)
    return f"{len(rows)} rows {hashlib.sha256(chr(10).join(lines).encode()).hexdigest()[:16]}"
