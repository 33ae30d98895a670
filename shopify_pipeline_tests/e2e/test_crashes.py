"""A process that is killed, and the next one that finishes its work: the result is that of a day without the kill.

Every kill is SIGKILL of the real command at the worst moment; what had happened until then is checked first.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

from shopify_pipeline.failpoints import Failpoint
from shopify_pipeline.local.tryton import DATABASE, TrytonServer
from shopify_pipeline.shopify.session import CHUNK_BYTES
from shopify_pipeline_tests.e2e.installation import BATCH_SIZE, Installation
from shopify_pipeline_tests.e2e.lost_reply import losing_the_reply_to

KILLED = -signal.SIGKILL
REPLY_SECONDS = 120
BEFORE_ALL_ORDERS = datetime(2026, 1, 1, tzinfo=UTC)
ACKNOWLEDGED_PARTIES = "select count(*) from backoffice.pushes where resource = 'parties'"
NEWEST_LOAD = "select state, landing_prefix from ops.loads where stream = 'orders' order by load_id desc limit 1"


def kill_while_syncing_orders(installation: Installation, failpoint: Failpoint) -> tuple[str, str]:
    """Run ``sync`` until it dies; returns state and landing prefix of the load it left."""
    assert installation.run("sync", "--stream", "orders", kill_at=failpoint).code == KILLED
    ((state, prefix),) = installation.rows(NEWEST_LOAD)
    return state, prefix


def until_it_writes(server: TrytonServer) -> None:
    """Wait until Tryton holds the only write lock of its database: it is in the middle of a transaction."""
    deadline = time.monotonic() + REPLY_SECONDS
    with closing(sqlite3.connect(server.home / f"{DATABASE}.sqlite", timeout=0, isolation_level=None)) as database:
        while time.monotonic() < deadline:
            try:
                database.execute("begin immediate")
            except sqlite3.OperationalError:
                return
            database.execute("rollback")
    raise AssertionError("Tryton wrote nothing")


def kill(server: TrytonServer) -> None:
    """SIGKILL, and nobody is left who could finish anything."""
    os.kill(server.pid, signal.SIGKILL)
    server.stop()


def finish_the_day(installation: Installation) -> dict[str, str]:
    """Run ``sync`` again, then what comes after it; returns what the installation holds."""
    installation.done("sync")
    installation.pipeline().push()
    installation.reconcile()
    return installation.holds()


def test_a_sync_killed_in_the_middle_of_a_landing_file_ends_like_one_that_was_not(
    installation: Installation, undisturbed_holds: dict[str, str]
) -> None:
    installation.rewind("orders", BEFORE_ALL_ORDERS)
    before = installation.holds()
    state, prefix = kill_while_syncing_orders(installation, Failpoint.LANDING_HALF_FILE)
    assert state == "extracting"
    assert not (installation.home / "landing" / prefix / "manifest.json").exists()
    assert installation.holds() == before
    after = finish_the_day(installation)
    assert installation.landed_bytes("orders", "bulk") > CHUNK_BYTES, "the kill came after the whole file, not half"
    assert after == undisturbed_holds


def test_a_sync_killed_between_landing_and_merge_ends_like_one_that_was_not(
    installation: Installation, undisturbed_holds: dict[str, str]
) -> None:
    before = installation.holds()
    state, prefix = kill_while_syncing_orders(installation, Failpoint.LOAD_BEFORE_COMMIT)
    assert state == "landed"
    assert (installation.home / "landing" / prefix / "manifest.json").exists()
    assert installation.holds() == before
    assert finish_the_day(installation) == undisturbed_holds


def test_a_sync_killed_after_its_commit_ends_like_one_that_was_not(
    installation: Installation, undisturbed_holds: dict[str, str]
) -> None:
    state, _ = kill_while_syncing_orders(installation, Failpoint.LOAD_AFTER_COMMIT)
    assert state == "merged"
    assert installation.holds()["shopify.orders"] == undisturbed_holds["shopify.orders"]
    assert finish_the_day(installation) == undisturbed_holds


def test_a_push_killed_with_an_answer_in_its_hand_and_then_between_two_batches_ends_like_one_that_was_not(
    synced_copy: Installation, undisturbed_holds: dict[str, str]
) -> None:
    owed = synced_copy.dirty_orders()
    acknowledged = synced_copy.rows(ACKNOWLEDGED_PARTIES)
    parties = synced_copy.books()["parties"]
    assert synced_copy.run("push", kill_at=Failpoint.PUSH_BEFORE_ACKNOWLEDGE).code == KILLED
    assert synced_copy.books()["parties"] > parties
    assert synced_copy.rows(ACKNOWLEDGED_PARTIES) == acknowledged

    assert synced_copy.run("push", kill_at=Failpoint.PUSH_MID_BATCH).code == KILLED
    assert synced_copy.books()["orders"] == BATCH_SIZE
    assert len(owed - synced_copy.dirty_orders()) == BATCH_SIZE

    synced_copy.done("push")
    synced_copy.reconcile()
    assert synced_copy.holds() == undisturbed_holds


def test_a_push_killed_after_the_books_committed_and_before_their_reply_came_ends_like_one_that_was_not(
    synced_copy: Installation, undisturbed_holds: dict[str, str]
) -> None:
    owed = synced_copy.dirty_orders()
    with losing_the_reply_to("push_orders", synced_copy.tryton.url) as relay:
        replace(synced_copy, tryton_url=relay.url).write_settings()
        with synced_copy.start("push") as process:
            assert relay.lost.wait(REPLY_SECONDS)
            process.kill()
            process.communicate()
        assert process.returncode == KILLED
    synced_copy.write_settings()
    assert synced_copy.books()["orders"] == BATCH_SIZE
    assert synced_copy.dirty_orders() == owed

    synced_copy.done("push")
    synced_copy.reconcile()
    assert synced_copy.holds() == undisturbed_holds


def test_a_push_whose_back_office_is_killed_in_the_middle_of_a_batch_ends_like_one_that_was_not(
    synced_copy: Installation, undisturbed_holds: dict[str, str]
) -> None:
    owed = synced_copy.dirty_orders()
    before = synced_copy.books()["orders"]
    with losing_the_reply_to("push_orders", synced_copy.tryton.url) as relay:
        replace(synced_copy, tryton_url=relay.url).write_settings()
        with synced_copy.start("push") as process:
            assert relay.begun.wait(REPLY_SECONDS)
            until_it_writes(synced_copy.tryton)
            kill(synced_copy.tryton)
            _, said = process.communicate()
        assert process.returncode == 1
        assert "the back office is left alone until" in said
    assert synced_copy.dirty_orders() == owed

    synced_copy.tryton.start(lambda line: None)
    synced_copy.write_settings()
    assert synced_copy.books()["orders"] == before
    synced_copy.done("push")
    synced_copy.reconcile()
    assert synced_copy.holds() == undisturbed_holds


def test_a_push_whose_back_office_is_killed_between_its_commit_and_its_reply_ends_like_one_that_was_not(
    synced_copy: Installation, undisturbed_holds: dict[str, str]
) -> None:
    with losing_the_reply_to("push_orders", synced_copy.tryton.url) as relay:
        replace(synced_copy, tryton_url=relay.url).write_settings()
        with synced_copy.start("push") as process:
            assert relay.lost.wait(REPLY_SECONDS)
            kill(synced_copy.tryton)
            process.kill()
            process.communicate()
    synced_copy.tryton.start(lambda line: None)
    synced_copy.write_settings()
    assert synced_copy.books()["orders"] == BATCH_SIZE

    synced_copy.done("push")
    synced_copy.reconcile()
    assert synced_copy.holds() == undisturbed_holds


def test_a_push_that_lost_a_reply_looks_the_orders_up_and_sends_no_batch_twice(
    synced_copy: Installation, undisturbed_holds: dict[str, str]
) -> None:
    with losing_the_reply_to("push_orders", synced_copy.tryton.url, hanging_up=True) as relay:
        replace(synced_copy, tryton_url=relay.url).write_settings()
        before = len(synced_copy.calls_to_the_books())
        synced_copy.done("push")
        assert relay.lost.is_set()
    calls = [call.rpartition(".")[2] for call in synced_copy.calls_to_the_books()[before:]]
    synced_copy.write_settings()
    assert calls.count("push_orders") == -(-synced_copy.books()["orders"] // BATCH_SIZE)
    assert calls.count("known") == 1
    synced_copy.reconcile()
    assert synced_copy.holds() == undisturbed_holds
