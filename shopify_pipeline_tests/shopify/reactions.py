"""What goes wrong between us and the Admin API, and what the client makes of it: one table, tested and documented.

Here: the rows. They are proved in ``test_shopify_reactions.py``, and ``generated/failures.py`` makes a page of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shopify_pipeline.errors import (
    AccessDeniedError,
    ApiVersionError,
    BlockedError,
    GarbledAnswerError,
    PermanentError,
    PipelineError,
    ShopAccessLostError,
    ShopUnavailableError,
    SlowAnswerError,
    ThrottledError,
    TransientError,
    UnsafeAnswerError,
)

WAIT = "Nothing; the next run tries again."
LOOK = "Look at status.shopify.com and the network between; the next run tries again."


@dataclass(frozen=True)
class Reaction:
    """One row: the fault lasts, and this is how far the client goes.

    Attributes:
        fault: An entry of the sandbox's fault plan, section ``answers``.
        error: The error in the end; None: the answer is taken.
        tries: How many requests are made.
        says: Part of the message.
        operator: What a person does.
        hurry: How many times faster the client's clock runs, where the test would have to wait for a deadline.
    """

    fault: Mapping[str, Any]
    error: type[PipelineError] | None
    tries: int
    says: str
    operator: str
    hurry: float = 1.0

    @property
    def name(self) -> str:
        return " ".join(str(value) for value in self.fault.values())


def _status(status: int, error: type[PipelineError], tries: int, says: str, operator: str, **more: Any) -> Reaction:
    return Reaction({"kind": "status", "status": status, **more}, error, tries, says, operator)


def _garbled(kind: str, says: str) -> Reaction:
    return Reaction({"kind": kind}, GarbledAnswerError, 5, says, LOOK)


def _broken(kind: str) -> Reaction:
    return Reaction({"kind": kind}, TransientError, 5, "broke", LOOK)


#: Waits grow from half a second to half a minute and end before five minutes: fifteen requests, whatever is asked for.
THROTTLED_TRIES = 15

REACTIONS = (
    _status(401, ShopAccessLostError, 1, "refused the access token", "Put a valid token, or install the app again."),
    _status(402, ShopUnavailableError, 1, "is frozen", "The shop's owner settles the bill; other shops go on."),
    _status(403, AccessDeniedError, 1, "give the app the scopes", "Grant the scopes `doctor` names."),
    _status(404, ShopUnavailableError, 1, "check the shop's domain", "Correct the shop's domain."),
    _status(423, ShopUnavailableError, 1, "is locked", "Contact Shopify; other shops go on."),
    _status(429, ThrottledError, THROTTLED_TRIES, "429", "Look who else uses the app's bucket."),
    _status(429, ThrottledError, THROTTLED_TRIES, "429", WAIT, retry_after="0"),
    _status(429, ThrottledError, THROTTLED_TRIES, "429", WAIT, retry_after="Fri, 20 Nov 2026 12:00:01 GMT"),
    _status(429, ThrottledError, THROTTLED_TRIES, "429", WAIT, retry_after="soon"),
    _status(429, ThrottledError, 5, "429", WAIT, retry_after="60"),
    _status(429, ThrottledError, 1, "429", "Run again when the shop says.", retry_after="86400"),
    _status(430, BlockedError, 1, "stop for an hour", "Stop this shop for an hour and look at the app's traffic."),
    _status(500, TransientError, 5, "HTTP 500", LOOK),
    _status(502, TransientError, 5, "HTTP 502", LOOK),
    _status(503, TransientError, 5, "HTTP 503", LOOK),
    _status(504, SlowAnswerError, 3, "gave up after its time limit", "Nothing: pages are made smaller."),
    _status(520, TransientError, 5, "HTTP 520", LOOK),
    _status(524, SlowAnswerError, 3, "gave up after its time limit", "Nothing: pages are made smaller."),
    _status(530, TransientError, 5, "HTTP 530", LOOK),
    _status(540, TransientError, 5, "HTTP 540", LOOK),
    Reaction({"kind": "throttled"}, ThrottledError, THROTTLED_TRIES, "was throttled", WAIT),
    Reaction({"kind": "partial"}, TransientError, 5, "INTERNAL_SERVER_ERROR at shop", WAIT),
    Reaction({"kind": "internal_error"}, TransientError, 5, "INTERNAL_SERVER_ERROR", WAIT),
    Reaction({"kind": "string_errors"}, PermanentError, 1, "was refused: Unavailable Shop", "Do what it says."),
    _garbled("garbage", "not declared to be JSON"),
    _garbled("wrong_type", "not declared to be JSON"),
    _garbled("nan", "is not JSON"),
    _garbled("duplicate_key", "says a key twice"),
    _garbled("huge_integer", "is not JSON"),
    _garbled("deep", "is not JSON"),
    _garbled("cut_close", "not all of it"),
    _broken("reset_before"),
    # The library takes the end of the connection for the end of the headers.
    _garbled("reset_headers", "not all of it"),
    _broken("reset"),
    _broken("cut_length"),
    _broken("cut_chunked"),
    Reaction({"kind": "drip_headers"}, SlowAnswerError, 3, "did not answer in time", LOOK, hurry=100),
    Reaction({"kind": "drip_body"}, SlowAnswerError, 3, "did not answer in time", LOOK, hurry=100),
    Reaction({"kind": "redirect"}, UnsafeAnswerError, 1, "redirect", "Find out who answers at the shop's address."),
    Reaction({"kind": "bomb"}, UnsafeAnswerError, 1, "sent more than", "Find out who answers at the shop's address."),
    Reaction({"kind": "endless"}, UnsafeAnswerError, 1, "sent more than", "Find out who answers there."),
    Reaction({"kind": "wrong_version"}, ApiVersionError, 1, "2027-01 answered", "Update shopify-pipeline."),
    Reaction({"kind": "no_version"}, ApiVersionError, 1, "an unnamed version answered", "Find out who answers there."),
    Reaction({"kind": "no_date"}, PermanentError, 1, "no readable Date", "Find out what removes the header."),
    Reaction({"kind": "skewed_date"}, None, 1, "", "Nothing: the shop's clock is the one that counts."),
)
