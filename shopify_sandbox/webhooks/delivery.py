"""Deliveries: requests on their way to subscribers, with their retries and with what may go wrong on the way.

Here: when a request is made, by whom, what its outcome leads to, and the log. Not here: who is told of what
(``subscriptions.py``) and what a payload says.

Source: https://shopify.dev/changelog/updates-to-webhook-retry-mechanism (eight retries over four hours, exponential,
the original payload to the original address); https://shopify.dev/docs/apps/build/webhooks (1 s to connect, 5 s in all,
any 2xx). Assumed: each wait is twice the one before; a subscription's first attempts are made one at a time, in order.
"""

import heapq
import itertools
import math
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from random import Random

import requests

from shopify_sandbox.settings import Settings
from shopify_sandbox.state import JsonLines

CONNECT_SECONDS = 1
READ_SECONDS = 4
RETRIES = 8
WORKERS = 8
#: How long a delivery that is to be overtaken waits for the one that overtakes it.
OVERTAKEN_SECONDS_MAX = 2.0


@dataclass(frozen=True)
class Delivery:
    """One request to be made; a retry sends the same body and headers to the same address.

    Attributes:
        subscription: Number of the subscription it is for; 0 for a topic of the app's own configuration.
        attempt: 1 for the first, 2 for the first retry.
        begun_at: When the first attempt was made, monotonic seconds.
        ordinal: Its place among all deliveries taken on.
    """

    subscription: int
    uri: str
    body: bytes
    headers: Mapping[str, str]
    attempt: int = 1
    begun_at: float = math.nan
    ordinal: int = 0


#: Makes one request; gives the HTTP status, or the name of what went wrong.
Send = Callable[[Delivery], int | str]


class HttpSender:
    """Sends by HTTP, with one session for each thread; neither proxies nor redirects are followed."""

    def __init__(self) -> None:
        self._local = threading.local()

    def __call__(self, delivery: Delivery) -> int | str:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.trust_env = False
        try:
            with session.post(
                delivery.uri,
                data=delivery.body,
                headers=dict(delivery.headers),
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
                stream=True,
            ) as response:
                return response.status_code
        except requests.RequestException as problem:
            return type(problem).__name__


def retry_waits(span_seconds: float) -> tuple[float, ...]:
    """Seconds before each of the eight retries: each wait twice the one before, all of them together the span."""
    first = span_seconds / (2**RETRIES - 1)
    return tuple(first * 2**each for each in range(RETRIES))


@dataclass
class _Lane:
    """First attempts of one subscription, one at a time and in order; each with the time it is due."""

    waiting: deque[tuple[float, Delivery]] = field(default_factory=deque)
    busy: bool = False


@dataclass(order=True)
class _Loose:
    """An attempt that keeps no order: a retry, a second copy, or a delivery that waits to be overtaken."""

    due: float
    tie: int
    delivery: Delivery = field(compare=False)
    waits_to_be_overtaken: bool = field(default=False, compare=False)


class Deliveries:
    """What is to be delivered and the threads that do it; thread-safe.

    Args:
        log: Takes one entry for each attempt, and one for each delivery that is lost.
        now: The world's time as text, for the log.
        monotonic: Real time in seconds; decides what is due.
        settings: How deliveries misbehave, read each time.
        send: Makes the request.
        seed: Decides which deliveries are lost, sent twice or overtaken.
        on_given_up: Called with a subscription's number when a delivery's last retry failed and no other delivery of
            the subscription succeeded since its first attempt.
    """

    def __init__(
        self,
        *,
        log: JsonLines,
        now: Callable[[], str],
        monotonic: Callable[[], float],
        settings: Callable[[], Settings],
        send: Send,
        seed: int,
        on_given_up: Callable[[int], None],
    ) -> None:
        self._log = log
        self._now = now
        self._monotonic = monotonic
        self._settings = settings
        self._send = send
        self._chance = Random(seed)
        self._on_given_up = on_given_up
        self._changed = threading.Condition()
        self._lanes: dict[int, _Lane] = {}
        self._loose: list[_Loose] = []
        self._ordinals = itertools.count(1)
        self._succeeded_at: dict[int, float] = {}
        #: By subscription that is gone, the ordinal up to which its deliveries are forgotten.
        self._forgotten: dict[int, int] = {}
        self._under_way = 0
        self._stopping = False
        self._threads: list[threading.Thread] = []

    def add(self, delivery: Delivery) -> None:
        """Take one delivery on, to be made after the set delay, unless it is drawn to be lost."""
        settings = self._settings()
        with self._changed:
            # Three draws each time, so that changing one share does not change what the others fall on.
            lost, twice, overtaken = (self._chance.random() for _ in range(3))
            if lost < settings.webhook_loss_share:
                self._note(delivery, attempt=0, outcome="lost")
                return
            due = self._monotonic() + settings.webhook_delay_seconds
            numbered = replace(delivery, ordinal=next(self._ordinals))
            if overtaken < settings.webhook_disorder_share:
                self._push(numbered, due + OVERTAKEN_SECONDS_MAX, waits_to_be_overtaken=True)
            else:
                self._lanes.setdefault(delivery.subscription, _Lane()).waiting.append((due, numbered))
            if twice < settings.webhook_duplicate_share:
                # Outside the lane, so that both copies may arrive at the same moment.
                self._push(numbered, due)
            self._changed.notify_all()

    def forget(self, subscription: int) -> None:
        """Drop what still waits for a subscription that is gone; an attempt under way is its delivery's last."""
        with self._changed:
            self._forgotten[subscription] = next(self._ordinals)
            self._lanes.pop(subscription, None)
            self._loose = [each for each in self._loose if each.delivery.subscription != subscription]
            heapq.heapify(self._loose)

    def waiting(self) -> int:
        """Give how many deliveries and retries are still to be made or are being made."""
        with self._changed:
            lanes = sum(len(lane.waiting) for lane in self._lanes.values())
            return lanes + len(self._loose) + self._under_way

    def start(self) -> None:
        self._threads = [
            threading.Thread(target=self._work, name=f"webhooks-{number}", daemon=True) for number in range(WORKERS)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop delivering; what is still queued is lost, which Shopify allows itself, too."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def deliver_due(self) -> int:
        """Make every attempt that is due now, in this thread; gives how many were made."""
        made = 0
        while (taken := self._take()) is not None:
            self._attempt(*taken)
            made += 1
        return made

    def _work(self) -> None:
        while (taken := self._wait()) is not None:
            self._attempt(*taken)

    def _wait(self) -> tuple[Delivery, _Lane | None] | None:
        with self._changed:
            while not self._stopping:
                taken = self._take()
                if taken is not None:
                    return taken
                due = min([*self._heads(), *(each.due for each in self._loose[:1])], default=None)
                self._changed.wait(None if due is None else max(0.0, due - self._monotonic()))
        return None

    def _take(self) -> tuple[Delivery, _Lane | None] | None:
        """The delivery that has been due the longest, with the lane it comes from."""
        with self._changed:
            now, heads = self._monotonic(), self._heads()
            first = min(heads, default=math.inf)
            if self._loose and self._loose[0].due <= min(now, first):
                delivery, lane = heapq.heappop(self._loose).delivery, None
            elif first <= now:
                lane = heads[first]
                lane.busy, delivery = True, lane.waiting.popleft()[1]
            else:
                return None
            self._under_way += 1
            return (replace(delivery, begun_at=now) if delivery.attempt == 1 else delivery), lane

    def _heads(self) -> dict[float, _Lane]:
        """Lanes whose next delivery may be made, by when it is due; of two at the same time, the older lane."""
        free = [lane for lane in self._lanes.values() if lane.waiting and not lane.busy]
        return {lane.waiting[0][0]: lane for lane in reversed(free)}

    def _attempt(self, delivery: Delivery, lane: _Lane | None) -> None:
        outcome = self._send(delivery)
        # Written before anything follows from it, so that whoever sees the next attempt can read of this one.
        delivered = self._note(delivery, attempt=delivery.attempt, outcome=outcome)
        with self._changed:
            self._under_way -= 1
            if lane is not None:
                lane.busy = False
            self._release(delivery.ordinal)
            given_up = not delivered and self._failed(delivery)
            if delivered:
                self._succeeded_at[delivery.subscription] = self._monotonic()
            self._changed.notify_all()
        if given_up:
            self._on_given_up(delivery.subscription)

    def _failed(self, delivery: Delivery) -> bool:
        """Plan the next retry; when there is none, tell whether the subscription has had no success meanwhile."""
        if delivery.ordinal < self._forgotten.get(delivery.subscription, 0):
            return False
        if delivery.attempt > RETRIES:
            return self._succeeded_at.get(delivery.subscription, -math.inf) < delivery.begun_at
        wait = retry_waits(self._settings().webhook_retry_span_seconds)[delivery.attempt - 1]
        self._push(replace(delivery, attempt=delivery.attempt + 1), self._monotonic() + wait)
        return False

    def _release(self, ordinal: int) -> None:
        """Make due at once what waits to be overtaken by a delivery of this place or a later one."""
        overtaken = [each for each in self._loose if each.waits_to_be_overtaken and each.delivery.ordinal < ordinal]
        for each in overtaken:
            each.due, each.waits_to_be_overtaken = self._monotonic(), False
        if overtaken:
            heapq.heapify(self._loose)

    def _push(self, delivery: Delivery, due: float, *, waits_to_be_overtaken: bool = False) -> None:
        heapq.heappush(self._loose, _Loose(due, next(self._ordinals), delivery, waits_to_be_overtaken))

    def _note(self, delivery: Delivery, *, attempt: int, outcome: int | str) -> bool:
        """Log one attempt; tells whether it was delivered."""
        delivered = isinstance(outcome, int) and 200 <= outcome < 300
        self._log.append(
            {
                "at": self._now(),
                "topic": delivery.headers["X-Shopify-Topic"],
                "webhook_id": delivery.headers["X-Shopify-Webhook-Id"],
                "event_id": delivery.headers["X-Shopify-Event-Id"],
                "uri": delivery.uri,
                "attempt": attempt,
                "outcome": outcome,
                "delivered": delivered,
            }
        )
        return delivered
