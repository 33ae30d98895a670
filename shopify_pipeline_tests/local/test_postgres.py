"""The PostgreSQL from a wheel: as root and as a normal user, stopped, killed and started again."""

from __future__ import annotations

import os
import pwd
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from shopify_pipeline.errors import PermanentError
from shopify_pipeline.local import postgres as module
from shopify_pipeline.local.postgres import LocalPostgres

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give up being root")


@pytest.fixture
def home(open_folder: Path) -> Path:
    return open_folder / "postgres"


@pytest.fixture
def server(home: Path) -> Iterator[LocalPostgres]:
    """A server that has never been started."""
    server = LocalPostgres(home, fsync=False)
    yield server
    server.remove()


@pytest.fixture(scope="module")
def running_home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="shopify-pipeline-tests-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder) / "postgres"
        LocalPostgres(Path(folder) / "postgres").remove()


@pytest.fixture
def running(running_home: Path) -> LocalPostgres:
    """A server that runs; a test may stop or kill it."""
    return start(LocalPostgres(running_home, fsync=False))


def connect(server: LocalPostgres, database: str = "warehouse") -> psycopg.Connection:
    return psycopg.connect(server.dsn(database), autocommit=True)


def start(server: LocalPostgres) -> LocalPostgres:
    server.start(lambda line: None)
    return server


def test_a_first_start_makes_both_databases_in_utf8_and_utc(running: LocalPostgres) -> None:
    for database in ("warehouse", "dagster"):
        with connect(running, database) as connection:
            settings = connection.execute(
                "select current_database(), current_setting('server_encoding'), current_setting('timezone')"
            ).fetchone()
        assert settings == (database, "UTF8", "UTC")


def test_a_connection_without_the_password_is_refused(running: LocalPostgres, running_home: Path) -> None:
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        psycopg.connect(psycopg.conninfo.make_conninfo(running.dsn("warehouse"), password=""))
    assert stat.S_IMODE((running_home / "password").stat().st_mode) == 0o600


def test_the_server_listens_on_this_machine_only(running: LocalPostgres) -> None:
    assert running.pid is not None
    listening = [c for c in psutil.Process(running.pid).net_connections() if c.status == psutil.CONN_LISTEN]
    assert [c.laddr.ip for c in listening] == ["127.0.0.1"]


@AS_ROOT
def test_started_by_root_it_runs_as_another_account_and_leaves_nothing_of_root_in_its_data(
    running: LocalPostgres, running_home: Path
) -> None:
    assert running.pid is not None
    account = psutil.Process(running.pid).uids().real
    assert account != 0
    assert {path.lstat().st_uid for path in (running_home / "data").rglob("*")} == {account}


@AS_ROOT
def test_it_works_where_only_root_may_go(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    server = LocalPostgres(closed / "postgres", fsync=False)
    try:
        with connect(start(server)) as connection:
            assert connection.execute("select 1").fetchone() == (1,)
        data = (closed / "postgres" / "data").resolve()
    finally:
        server.remove()
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert not data.exists()


@AS_ROOT
def test_it_works_with_a_wheel_only_root_may_read(
    server: LocalPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A checkout below /root: the programs are copied to where the server's account can run them."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        monkeypatch.setattr(module, "OPEN_PLACE", Path(folder) / "open")
        monkeypatch.setattr(module, "_open_to_all", lambda path: path.is_relative_to(folder))
        with connect(start(server)) as connection:
            assert connection.execute("select 1").fetchone() == (1,)
        assert server.pid is not None
        assert psutil.Process(server.pid).exe().startswith(folder)
        server.remove()


@AS_ROOT
def test_a_normal_user_starts_and_stops_it(home: Path) -> None:
    account = pwd.getpwnam("nobody")
    home.mkdir()
    os.chown(home, account.pw_uid, account.pw_gid)
    program = (
        "import sys, pathlib, psycopg\n"
        "from shopify_pipeline.local.postgres import LocalPostgres\n"
        "server = LocalPostgres(pathlib.Path(sys.argv[1]), fsync=False)\n"
        "server.start(lambda line: None)\n"
        "print(psycopg.connect(server.dsn('warehouse')).execute('select 41 + 1').fetchone()[0])\n"
        "server.stop()\n"
        "print(server.pid)\n"
    )
    interpreter = _interpreter_for_everybody()
    if interpreter is None:
        pytest.skip("this Python is in a folder only root may enter")
    done = subprocess.run(
        [interpreter, "-c", program, str(home)],
        user=account.pw_uid,
        group=account.pw_gid,
        extra_groups=[],
        cwd="/",
        env={"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout.split(), done.stderr) == (["42", "None"], "")


def _interpreter_for_everybody() -> str | None:
    """An interpreter of this version that any account may run."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for path in (Path(sys.executable).resolve(), Path("/usr/bin") / name, Path("/usr/local/bin") / name):
        if path.exists() and module._open_to_all(path.resolve()):
            return str(path)
    return None


def test_data_and_port_survive_a_stop_and_a_start(running: LocalPostgres, running_home: Path) -> None:
    with connect(running) as connection:
        connection.execute("create table kept as select 7 as seven")
    before = running.dsn("warehouse")
    running.stop()
    assert running.pid is None

    again = start(LocalPostgres(running_home, fsync=False))
    with connect(again) as connection:
        assert connection.execute("select seven from kept").fetchone() == (7,)
    assert again.dsn("warehouse") == before


def test_killed_in_the_middle_of_work_it_comes_back_with_what_was_committed(
    running: LocalPostgres, running_home: Path
) -> None:
    busy = connect(running)
    busy.execute("create table survived (n int)")
    busy.execute("insert into survived values (1)")
    busy.execute("begin")
    busy.execute("insert into survived values (2)")
    assert running.pid is not None
    killed = psutil.Process(running.pid)
    killed.kill()
    killed.wait()

    with connect(start(LocalPostgres(running_home, fsync=False))) as connection:
        assert connection.execute("select n from survived").fetchall() == [(1,)]


def test_a_pid_file_that_names_a_stranger_is_no_obstacle(running: LocalPostgres, running_home: Path) -> None:
    """After a crash of the machine the old pid may belong to a process that has nothing to do with it."""
    pid_file = running_home / "data" / "postmaster.pid"
    noted = pid_file.read_text()
    running.stop()
    stranger = subprocess.Popen(["sleep", "600"], user="nobody" if os.geteuid() == 0 else None)
    try:
        pid_file.write_text(noted.replace(noted.split("\n", 1)[0], str(stranger.pid), 1))
        start(running)
        assert running.pid not in (None, stranger.pid)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_server_that_already_runs_on_the_data_is_taken_over_and_can_be_stopped(
    running: LocalPostgres, running_home: Path
) -> None:
    second = start(LocalPostgres(running_home, fsync=False))
    assert second.pid == running.pid
    second.stop()
    assert running.pid is None


def test_an_interrupted_first_start_is_begun_again(server: LocalPostgres, home: Path) -> None:
    (home / "data" / "base").mkdir(parents=True)
    with connect(start(server)) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_a_kept_port_that_is_taken_is_exchanged_for_a_free_one(server: LocalPostgres, home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        home.mkdir()
        (home / "port").write_text(str(port))
        with connect(start(server)) as connection:
            assert connection.info.port != port


def test_a_missing_wheel_is_one_line_that_says_what_to_do(
    server: LocalPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WHEEL", ("no-such-wheel", "no_such_wheel", "bin"))
    with pytest.raises(PermanentError, match=r"no-such-wheel is missing: run `make setup`, or set \[warehouse\] dsn"):
        start(server)


def test_programs_that_cannot_run_here_are_one_line_that_quotes_them(
    server: LocalPostgres, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = home.parent / "broken_wheel"
    (broken / "bin").mkdir(parents=True)
    (broken / "__init__.py").touch()
    (broken / "bin" / "postgres").write_text("#!/bin/sh\necho 'libz.so.1: cannot open shared object file'; exit 127\n")
    (broken / "bin" / "postgres").chmod(0o755)
    monkeypatch.syspath_prepend(home.parent)
    monkeypatch.setattr(module, "WHEEL", ("broken-wheel", "broken_wheel", "bin"))
    with pytest.raises(PermanentError, match=r"postgres cannot run on this machine: libz\.so\.1: cannot open"):
        start(server)
