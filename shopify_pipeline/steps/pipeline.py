"""The steps of one shop, in the order they are run.

Here: handing one room's object to another. Not here: opening a room (``rooms.py``), reading the shop
(``ingestion.py``), or what a step does; that is the step's own module.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from shopify_pipeline.backoffice.mapping import Books
from shopify_pipeline.config_sections import RuleSettings
from shopify_pipeline.errors import ConfigError
from shopify_pipeline.reconcile.rules import Policy
from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.shopify.access import not_granted
from shopify_pipeline.shopify.bulk import BulkRunner
from shopify_pipeline.shopify.streams import IDS
from shopify_pipeline.shopify.subscriptions import ensure_subscriptions, topics_of
from shopify_pipeline.steps.census import Census, take_census
from shopify_pipeline.steps.counts import Proposed, apply, propose
from shopify_pipeline.steps.extract import read_apart
from shopify_pipeline.steps.extract_reading import is_read_whole
from shopify_pipeline.steps.ingestion import Ingestion
from shopify_pipeline.steps.push import Pushed, push
from shopify_pipeline.steps.push_sending import Sender
from shopify_pipeline.steps.reconcile import Reconciled, reconcile
from shopify_pipeline.steps.repair import repair_by_policy
from shopify_pipeline.steps.report import Reported, read, write
from shopify_pipeline.steps.rooms import SKIPPED
from shopify_pipeline.steps.snapshot import Snapshot, take_snapshot
from shopify_pipeline.steps.sweep import ids_by_node
from shopify_pipeline.steps.verify_roots import Verified, held_roots, verify_roots
from shopify_pipeline.warehouse import inbox
from shopify_pipeline.warehouse.connect import Connection
from shopify_pipeline.warehouse.loads import Loads


@dataclass(frozen=True)
class Subscribed:
    """Webhook topics that were asked for, given up, or found missing and asked for again.

    Attributes:
        vanished: Those of ``created`` that had been there when last looked at.
    """

    created: tuple[str, ...]
    removed: tuple[str, ...]
    vanished: tuple[str, ...]


class Pipeline(Ingestion):
    """All steps of one shop; each commits for itself and can be run again."""

    def subscribe(self) -> Subscribed | None:
        """Make sure the shop sends hints: Shopify drops a subscription whose deliveries kept failing.

        Returns:
            What was done; None when no address is set.
        """
        uri = self.shop.webhook_uri
        if uri is None:
            return None
        with self.stage(inbox.SUBSCRIBE_STAGE) as counts, self.connect() as conn:
            # An alias must not get a stranger's shop subscribed.
            scopes = self.ask_shop().scopes
            readable = [name for name, stream in STREAMS.items() if not not_granted(stream, scopes)]
            before = inbox.last_subscribed(conn, self.shop.domain, uri)
            found = ensure_subscriptions(self.api, uri, topics_of(readable))
            vanished = tuple(topic for topic in found.created if topic in before)
            topics = [*found.kept, *found.created]
            counts |= {"uri": uri, "topics": topics, "created": len(found.created), "vanished": list(vanished)}
        if vanished:
            self.progress(
                f"{self.shop.domain}: subscriptions had vanished and were made again: {', '.join(vanished)}; Shopify "
                "removes them when deliveries keep failing: look whether the receiver is reachable"
            )
        return Subscribed(created=found.created, removed=found.removed, vanished=vanished)

    def handle_hints(self) -> int:
        """Close webhook hints that had come before every stream's last merged load began: they have been read.

        Streams that rest for hours are read again whatever a hint says, and keep none open.
        """
        with self.connect() as conn:
            loads = Loads(conn)
            followed = [stream for stream in STREAMS if not is_read_whole(stream)]
            granted = set(followed) - loads.not_granted(self.shop.domain, followed)
            read_since = loads.all_read_since(self.shop.domain, granted)
            if read_since is None:
                return 0
            return inbox.mark_handled(conn, self.shop.domain, read_since, self.clock.now())

    def verify(self, stream: str, *, roots_max: int | None, seed: str = "") -> Verified | None:
        """Compare roots of a stream, row by row, with what the shop says of them now; nothing is landed or loaded.

        Args:
            roots_max: How many roots of each kind, drawn by the seed; None: all of them, and every root the shop names.

        Returns:
            What was found; None when the stream is not granted or was never loaded.
        """
        shop = self.shop.domain
        with self.stage(f"verify:{stream}") as counts, self.connect() as conn:
            loaded_up_to = Loads(conn).cursor(shop, stream)
            if self._skips(stream, counts) or loaded_up_to is None:
                return None
            gids = {
                f"gid://shopify/{node}/{tail}"
                for node, root in STREAMS[stream].roots
                for tail in held_roots(conn, shop, root, roots_max, seed)
            }
            if roots_max is None and stream in IDS:
                gids |= self._named_by_the_shop(stream)
            verified = verify_roots(
                conn, self._read_apart, shop=shop, stream=STREAMS[stream], gids=sorted(gids), loaded_up_to=loaded_up_to
            )
            counts |= {"roots": verified.roots, "rows": verified.rows, "newer": verified.newer}
            counts |= {"withheld": verified.withheld, "differences": len(verified.differences)}
        return verified

    def _read_apart(self, stream: str, gids: Sequence[str]) -> list[tuple[str, bytes]]:
        return read_apart(self.api, stream=stream, gids=gids, config=self.extract_config, progress=self.progress)

    def _named_by_the_shop(self, stream: str) -> set[str]:
        runner, since = BulkRunner(self.api, progress=self.progress), self.api.check_shop().now
        lines = (line for document in IDS[stream] for line in runner.lines(document, since=since))
        return {f"gid://shopify/{node}/{tail}" for node, tails in ids_by_node(lines).items() for tail in tails}

    def push(self) -> Pushed | None:
        """Bring what is owed into the back office; None when nothing may be written there, or nothing yet."""
        closed = self.closed_because()
        if closed is not None or self.shop.go_live_on is None:
            self.progress(f"{self.shop.domain}: nothing is pushed: {closed}")
            return None
        with self.stage("push") as counts, self.connect() as conn:
            pushed = push(
                conn,
                self.backoffice,
                shop=self.shop.domain,
                value_map=self.value_map(),
                go_live_on=self.shop.go_live_on,
                time_zone=self.shop.time_zone,
                clock=self.clock,
                rng=self._rng,
                limits=self.settings.backoffice,
                batch_size=self.settings.tryton.batch_size,
                progress=self.progress,
                recognition=self.shop.recognition,
            )
            counts |= pushed.totals()
            if pushed.paused_until is not None:
                counts[SKIPPED] = f"the back office is left alone until {pushed.paused_until:%Y-%m-%d %H:%M:%S} UTC"
        return pushed

    def closed_because(self) -> str | None:
        """Why the back office is not written to; None when it may be. What changes meanwhile stays owed."""
        if self.shop.go_live_on is None:
            return "no go_live_on is set"
        if self.shop.push == "off":
            return 'push = "off"'
        if self.clock.now().astimezone(ZoneInfo(self.shop.time_zone)).date() < self.shop.go_live_on:
            return f"the books begin on {self.shop.go_live_on}"
        return None

    def books(self) -> Books:
        """When the shop's books begin.

        Raises:
            ConfigError: No go-live day is set.
        """
        if self.shop.go_live_on is None:
            raise ConfigError(f"{self.shop.domain}: set go_live_on: without a first day there are no books")
        return Books(self.shop.go_live_on, ZoneInfo(self.shop.time_zone))

    def sender(self, conn: Connection) -> Sender:
        """What sends to the back office.

        Raises:
            ConfigError: It must not be written to now.
        """
        closed = self.closed_because()
        if closed is not None:
            raise ConfigError(f"{self.shop.domain}: nothing may be written to the back office: {closed}")
        return Sender(
            conn,
            self.backoffice,
            shop=self.shop.domain,
            clock=self.clock,
            rng=self._rng,
            limits=self.settings.backoffice,
        )

    def snapshot(self) -> Snapshot:
        """Read the back office's own books into ``backoffice``."""
        with self.stage("snapshot") as counts, self.connect() as conn:
            taken = take_snapshot(
                conn, self.backoffice, shop=self.shop.domain, clock=self.clock, progress=self.progress
            )
            counts |= taken.counts
        return taken

    def propose_counts(self) -> Proposed:
        """Propose counts where the last snapshot differs from the shop's stock and nothing is pending."""
        with self.stage("counts") as counts, self.connect() as conn:
            found = propose(
                conn,
                shop=self.shop.domain,
                value_map=self.value_map(),
                books=self.books(),
                lag=timedelta(seconds=self.settings.lag.backoffice_seconds),
                clock=self.clock,
            )
            counts |= {"proposed": len(found.proposed), "pending": len(found.pending)}
        return found

    def apply_counts(self, who: str) -> dict[str, int]:
        """Book the counts that are proposed.

        Raises:
            ConfigError: The back office must not be written to now.
        """
        with self.stage("apply_counts") as counts, self.connect() as conn:
            outcomes = apply(
                conn,
                self.backoffice,
                shop=self.shop.domain,
                sender=self.sender(conn),
                who=who,
                clock=self.clock,
                progress=self.progress,
            )
            counts |= outcomes
        return outcomes

    def census(self) -> Census:
        """Count the shop apart from the field map."""
        with self.stage("census") as counts, self.connect() as conn:
            taken = take_census(
                conn,
                self.api,
                BulkRunner(self.api, progress=self.progress),
                shop=self.shop.domain,
                clock=self.clock,
                progress=self.progress,
            )
            counts |= taken.counts
        return taken

    def policies(self) -> dict[str, Policy]:
        """What is said of single rules, for all shops and, before that, for this one."""
        said = {
            name: self.settings.rules.get(name, RuleSettings()).model_dump(exclude_none=True)
            | self.shop.rules.get(name, RuleSettings()).model_dump(exclude_none=True)
            for name in {*self.settings.rules, *self.shop.rules}
        }
        return {
            name: Policy(
                tolerance=each.get("tolerance"),
                lag=timedelta(seconds=each["lag_seconds"]) if "lag_seconds" in each else None,
                repair=each.get("repair", "propose"),
            )
            for name, each in said.items()
        }

    def reconcile(self) -> Reconciled:
        """Compare census, warehouse and snapshot rule by rule, into the break ledger.

        Where the shop's policy says so, what a push can add is pushed again, the back office is read again, and every
        rule runs once more; what is still open then waits for a change, or for a person.

        Raises:
            ConfigError: The shop has no go-live day: there are no books to compare.
        """
        if self.shop.go_live_on is None:
            raise ConfigError(
                f"{self.shop.domain}: set go_live_on; without a first day there are no books to reconcile"
            )
        found = self._judged(self.shop.go_live_on)
        if self._repaired():
            self.snapshot()
            found = self._judged(self.shop.go_live_on)
        if self.shop.stock_counts != "off":
            self.propose_counts()
        if self.shop.stock_counts == "apply" and self.closed_because() is None:
            self.apply_counts("stock_counts")
        return found

    def _repaired(self) -> bool:
        """Whether breaks were pushed again because the shop's policy lets that be done without a person."""
        if self.closed_because() is not None:
            return False
        with self.connect() as conn:
            owed = repair_by_policy(conn, shop=self.shop.domain, policies=self.policies(), clock=self.clock)
        if not owed:
            return False
        self.progress(f"{self.shop.domain}: {len(owed)} records are pushed again, as the policy of their breaks says")
        pushed = self.push()
        return pushed is not None and pushed.paused_until is None

    def _judged(self, go_live_on: date) -> Reconciled:
        with self.stage("reconcile") as counts, self.connect() as conn:
            found = reconcile(
                conn,
                shop=self.shop.domain,
                value_map=self.value_map(),
                go_live_on=go_live_on,
                time_zone=self.shop.time_zone,
                lag_seconds=self.settings.lag.backoffice_seconds,
                clock=self.clock,
                recognition=self.shop.recognition,
                policies=self.policies(),
            )
            counts |= {"open": found.open_breaks, **found.by_class, "fx_residuals": found.residuals}
            counts["auto_repaired"] = found.repaired
        return found

    def report(self, out: Path | None = None) -> Reported:
        """Write what the last reconciliation says as one page, kept by the shop's day, or to another file.

        Raises:
            PermanentError: There is no reconciliation of the two readings there are.
        """
        with self.stage("report") as counts, self.connect() as conn:
            night = read(
                conn,
                shop=self.shop.domain,
                go_live_on=self.books().go_live_on,
                time_zone=self.shop.time_zone,
                recognition=self.shop.recognition,
            )
            reported = write(night, home=self.settings.home, out=out)
            counts |= {"day": reported.day.isoformat(), "open": night.open.count}
        return reported
