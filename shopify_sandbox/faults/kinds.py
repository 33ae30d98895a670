"""The catalogue of faults: every way this store can misbehave, and which known failures of a shop each stands for.

Belongs here: names and sentences. When a fault strikes is decided in ``plan.py``, how an answer is broken in
``http/misbehaviour.py``, how a record is spoiled in ``malformed.py``.
"""

from dataclasses import dataclass
from typing import Literal

Section = Literal["answers", "bulk", "malformed", "settings", "control"]

#: What can go wrong with a shop's API (A) and its webhooks (W); a pipeline has to survive each of these.
FAILURES = {
    "A1": "429, or THROTTLED with its cost",
    "A2": "430: rejected for security reasons",
    "A3": "402, 403, 423: frozen, forbidden, locked",
    "A4": "500, 502, 503, 504 and the proxy's 52x",
    "A5": "connection reset, or cut although a length or chunks were announced",
    "A6": "cut at the close of the connection, so that nothing but the content shows it",
    "A7": "headers or body drip in for ever",
    "A8": "what comes with status 200 is not the JSON of an answer",
    "A9": "status 200 with errors, with or without part of the data",
    "A10": "a bulk operation fails, is canceled, expires or never ends",
    "A11": "all slots for bulk operations are taken",
    "A12": "a redirect, or a file's address, leads to another host",
    "A13": "a small answer inflates without end, or one line never ends",
    "A14": "the access token expired or was revoked",
    "A15": "an access scope was taken away",
    "A16": "another API version answers",
    "A17": "the search index knows a change later than the record does",
    "A18": "the clock of the client is wrong",
    "A19": "records share an instant, or change while they are paged through",
    "A20": "records are deleted, archived or merged",
    "A21": "a refund or an edit of a very old order",
    "W1": "a delivery comes twice",
    "W2": "deliveries come out of order",
    "W3": "a delivery never comes",
    "W4": "a delivery comes late",
    "W5": "a delivery is forged",
    "W6": "a delivery is replayed with changed headers",
    "W7": "a delivery is far too large",
    "W8": "a delivery has the wrong content type",
    "W9": "ten thousand deliveries come at once",
    "W10": "the secret that signs deliveries is rotated",
    "W11": "a subscription vanishes",
    "W12": "a delivery names an unknown shop",
}

#: Failures no server can cause, or this one does not, and why.
NOT_CAUSED = {
    "A18": "the clock is the client's own; a test sets it",
    "W5": "a stranger does it, not the store; a test sends it to the receiver",
    "W6": "a stranger does it, not the store; a test sends it to the receiver",
    "W7": "a stranger does it, not the store; a test sends it to the receiver",
    "W8": "a stranger does it, not the store; a test sends it to the receiver",
    "W12": "a stranger does it, not the store; a test sends it to the receiver",
}


@dataclass(frozen=True)
class FaultKind:
    """One way to misbehave.

    Attributes:
        section: Where it is planted: a section of the plan, a setting, or an endpoint of the control.
        failures: Keys of ``FAILURES`` it stands for.
        what: What the client meets, in one sentence.
    """

    section: Section
    name: str
    failures: tuple[str, ...]
    what: str


CATALOGUE = (
    FaultKind("answers", "status", ("A1", "A2", "A3", "A4", "A14"), "an HTTP status with the body it comes with"),
    FaultKind("answers", "throttled", ("A1",), "THROTTLED with HTTP 200, whatever the bucket holds"),
    FaultKind("answers", "partial", ("A9",), "the data, its first field null, and INTERNAL_SERVER_ERROR beside it"),
    FaultKind("answers", "internal_error", ("A9",), "INTERNAL_SERVER_ERROR and no data, with HTTP 200"),
    FaultKind("answers", "string_errors", ("A9",), "errors as a text instead of a list, with HTTP 200"),
    FaultKind("answers", "garbage", ("A8",), "a page of HTML with HTTP 200"),
    FaultKind("answers", "wrong_type", ("A8",), "the right answer, declared to be text/html"),
    FaultKind("answers", "nan", ("A8",), "NaN where JSON has numbers"),
    FaultKind("answers", "duplicate_key", ("A8",), "the right answer, one key of it said twice"),
    FaultKind("answers", "huge_integer", ("A8",), "an integer of 5,000 digits"),
    FaultKind("answers", "deep", ("A8",), "100,000 arrays in each other"),
    FaultKind("answers", "reset_before", ("A5",), "a reset before the first byte"),
    FaultKind("answers", "reset_headers", ("A5",), "a reset in the middle of the headers"),
    FaultKind("answers", "reset", ("A5",), "a reset in the middle of the body"),
    FaultKind("answers", "cut_length", ("A5",), "less than the announced length, then the end"),
    FaultKind("answers", "cut_chunked", ("A5",), "a chunk that is cut, then the end"),
    FaultKind("answers", "cut_close", ("A6",), "part of the body, ended by closing the connection in good order"),
    FaultKind("answers", "drip_headers", ("A7",), "headers a byte at a time, never done"),
    FaultKind("answers", "drip_body", ("A7",), "a body a byte at a time, never done"),
    FaultKind("answers", "redirect", ("A12",), "a redirect to another host"),
    FaultKind("answers", "bomb", ("A13",), "a small gzip body that inflates to 300 MiB"),
    FaultKind("answers", "endless", ("A13",), "one line that never ends, as fast as it is read"),
    FaultKind("answers", "wrong_version", ("A16",), "the right answer, by another API version"),
    FaultKind("answers", "no_version", ("A16",), "the right answer, without a word on its API version"),
    FaultKind("answers", "no_date", (), "the right answer, without the shop's time"),
    FaultKind("answers", "skewed_date", (), "the right answer, with a time that is off by so many seconds"),
    FaultKind("bulk", "failed", ("A10",), "the operation fails after a share of its rows"),
    FaultKind("bulk", "canceled", ("A10",), "Shopify cancels the operation by itself"),
    FaultKind("bulk", "stuck", ("A10", "A11"), "the operation stays RUNNING and keeps its slot"),
    FaultKind("bulk", "expired", ("A10",), "the operation, or the address of its file, has expired"),
    FaultKind("bulk", "short_file", ("A6",), "the file ends after a share of its bytes"),
    FaultKind("bulk", "elsewhere", ("A12",), "the file's address names a host that is none of Shopify's"),
    FaultKind("malformed", "bad_money", (), "an amount that is no number"),
    FaultKind("malformed", "missing_currency", (), "an amount without its currency"),
    FaultKind("malformed", "huge_id", (), "an id beyond 64 bits"),
    FaultKind("malformed", "orphan_child", (), "a child of a root that is not there"),
    FaultKind("settings", "index_lag_seconds", ("A17",), "the search index lags"),
    FaultKind("settings", "webhook_duplicate_share", ("W1",), "deliveries are doubled"),
    FaultKind("settings", "webhook_disorder_share", ("W2",), "deliveries overtake each other"),
    FaultKind("settings", "webhook_loss_share", ("W3",), "deliveries are lost"),
    FaultKind("settings", "webhook_delay_seconds", ("W4",), "deliveries wait"),
    FaultKind("settings", "webhook_retry_span_seconds", ("W11",), "a dead receiver's subscription is gone this soon"),
    FaultKind("control", "tokens", ("A14",), "DELETE revokes every token; they expire by the world's clock, too"),
    FaultKind("control", "installation", ("A14",), "DELETE uninstalls the app"),
    FaultKind("control", "secret", ("W10",), "PUT rotates the app's secret"),
    FaultKind("control", "scopes", ("A15",), "PUT gives the app other scopes"),
    FaultKind("control", "advance", ("A19", "A20", "A21", "W9"), "POST changes records, any number, of any age"),
    FaultKind("control", "webhooks", ("W3",), "PUT switches deliveries off"),
)


def kinds(section: Section) -> tuple[str, ...]:
    """Names of the kinds of one section."""
    return tuple(each.name for each in CATALOGUE if each.section == section)
