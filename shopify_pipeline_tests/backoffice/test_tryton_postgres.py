"""Tryton's books in PostgreSQL: the template is built once, copied for every home, and never built over books.

The building itself is what every other test of Tryton stands on; here something quick is built in its place.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from shopify_pipeline.local import tryton_postgres
from shopify_pipeline.local.postgres import LocalPostgres
from shopify_pipeline.local.tryton_postgres import PostgresTrytonServer

PASSWORDS = {"password": "of the service user", "admin-password": "of admin"}


@pytest.fixture
def built(postgres: LocalPostgres, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was built, by what it was asked for with."""
    asked: list[str] = []

    def bootstrap(
        database: str, environment: Mapping[str, str], log: Path, progress: Callable[[str], None]
    ) -> dict[str, str]:
        asked.append(database)
        with psycopg.connect(database, password=environment["PGPASSWORD"]) as conn:
            conn.execute("create table book (of text); insert into book values ('template')")
        return PASSWORDS

    monkeypatch.setattr(tryton_postgres, "bootstrap", bootstrap)
    monkeypatch.setattr(tryton_postgres, "template_key", lambda: "key")
    return asked


def books(postgres: LocalPostgres) -> list[str]:
    with psycopg.connect(postgres.dsn("company")) as conn:
        return [row[0] for row in conn.execute("select of from book")]


def test_every_home_begins_with_the_one_template_and_its_passwords(
    tmp_path: Path, postgres: LocalPostgres, built: list[str]
) -> None:
    homes = [tmp_path / "first", tmp_path / "second"]
    for home in homes:
        home.mkdir()
        PostgresTrytonServer(home, postgres, tmp_path / "templates")._copy_template(print)
        assert books(postgres) == ["template"]
        with psycopg.connect(postgres.dsn("company")) as conn:
            conn.execute("insert into book values ('what was booked')")

    assert len(built) == 1
    assert conninfo_to_dict(postgres.dsn("company"))["password"] not in built[0]
    assert [{name: (home / name).read_text() for name in PASSWORDS} for home in homes] == [PASSWORDS] * 2


def test_a_database_that_holds_books_is_not_built_over(tmp_path: Path, postgres: LocalPostgres) -> None:
    server = conninfo_to_dict(postgres.dsn("held"))
    with psycopg.connect(postgres.dsn("postgres"), autocommit=True) as conn:
        conn.execute("create database held")
    with psycopg.connect(postgres.dsn("held")) as conn:
        conn.execute("create table ir_configuration (id int)")
    uri = f"postgresql://{server['user']}@{server['host']}:{server['port']}/held"
    secrets = {"TRYTON_SHOPIFY_PASSWORD": "one", "TRYTON_SHOPIFY_ADMIN_PASSWORD": "two"}

    asked = subprocess.run(
        [sys.executable, "-m", "tryton_shopify.bootstrap", "--database", uri, "--company", "Ours", "--currency", "USD"],
        env={**os.environ, **secrets, "PGPASSWORD": str(server["password"])},
        capture_output=True,
        text=True,
    )

    assert asked.returncode == 1
    assert asked.stderr == "the database held is one of Tryton's already: name an empty one\n"
    with psycopg.connect(postgres.dsn("held")) as conn:
        tables = conn.execute("select table_name from information_schema.tables where table_schema = 'public'")
        assert tables.fetchall() == [("ir_configuration",)]
