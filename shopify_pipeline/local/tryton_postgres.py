"""Tryton on this machine with its books in PostgreSQL, for measuring what that costs.

Here: the template as a database beside the books, built once and copied by PostgreSQL. Not here: the server
(``tryton.py``), or starting PostgreSQL (``postgres.py``).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from shopify_pipeline.local.postgres import LocalPostgres
from shopify_pipeline.local.processes import write_secret
from shopify_pipeline.local.tryton import DATABASE, TrytonServer, bootstrap, template_key


class PostgresTrytonServer(TrytonServer):
    """A Tryton server whose database is on a PostgreSQL that runs already; an empty home begins with empty books.

    Args:
        home: Folder of configuration, passwords and log.
        postgres: Holds the books and the template.
        templates: Folder that keeps the templates' passwords, as long as ``postgres`` keeps its data.
    """

    def __init__(self, home: Path, postgres: LocalPostgres, templates: Path) -> None:
        super().__init__(home)
        self._postgres = postgres
        self._templates = templates

    def _uri(self) -> str:
        return self._postgres.dsn("")

    def _has_database(self) -> bool:
        return (self._home / "password").exists()

    def _copy_template(self, progress: Callable[[str], None]) -> None:
        template = self._ensure_template(progress)
        self._recreate(DATABASE, like=template.name)
        self._copy_secrets(template)

    def _ensure_template(self, progress: Callable[[str], None]) -> Path:
        """Folder of the template's passwords; the database has the folder's name. It is there once it was built."""
        template = self._templates / f"tryton-{template_key()}"
        if not template.is_dir():
            self._recreate(template.name, like="template0")
            building = self._templates / "building"
            shutil.rmtree(building, ignore_errors=True)
            building.mkdir(mode=0o700, parents=True)
            server = conninfo_to_dict(self._postgres.dsn(template.name))
            uri = f"postgresql://{server['user']}@{server['host']}:{server['port']}/{template.name}"
            # The password is not for the command line, which everybody on the machine may read; and nobody waits for
            # the disk thousands of times for what can be built again.
            environment = {"PGPASSWORD": str(server["password"]), "PGOPTIONS": "-c synchronous_commit=off"}
            for name, password in bootstrap(uri, environment, self._templates / "bootstrap.log", progress).items():
                write_secret(building / name, password)
            building.rename(template)
        return template

    def _recreate(self, name: str, *, like: str) -> None:
        made, pattern = sql.Identifier(name), sql.Identifier(like)
        with psycopg.connect(self._postgres.dsn("postgres"), autocommit=True) as conn:
            conn.execute(sql.SQL("drop database if exists {}").format(made))
            conn.execute(sql.SQL("create database {} template {}").format(made, pattern))
