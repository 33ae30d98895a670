"""What can go wrong, sorted by what to do about it.

Here: the tree. Not here: retrying (``shopify/retry.py``) and turning an error into an exit code (``cli.py``).

    PipelineError
    ├── TransientError             try again later, unchanged: nothing was written
    │   ├── SlowAnswerError        ask for less, or later
    │   ├── GarbledAnswerError     what came is not an answer: a proxy's page, a cut body
    │   ├── BackOfficeDownError    it failed again and again: it is left alone for a while
    │   └── ThrottledError         wait as long as Shopify says
    ├── AuthExpiredError           get a new token once, then it is permanent
    └── PermanentError             trying again cannot help: a person or a deploy must
        ├── ConfigError            a setting is missing, unknown or wrong
        ├── ShopAccessLostError    the app was uninstalled there: that shop alone waits for a person
        ├── ShopLeftAloneError     it refused us a while ago: nobody asks it until then, or until a person acted
        ├── ShopUnavailableError   this shop is frozen, locked or not there: leave it, the others go on
        ├── BlockedError           Shopify took us for an attacker: leave the shop alone for an hour
        ├── AccessDeniedError      the app may not read this: grant it the scopes
        ├── ApiVersionError        another API version answered: nothing it said is used
        ├── UnsafeAnswerError      who answered, or how, is not to be trusted: have a look at it
        ├── QueryCostError         the query is too dear: ask for smaller pages
        ├── IncompleteError        what was received is not all there is: nothing of it counts
        ├── QuarantineBudgetError  so many bad records are no bad data: look at them before anything is loaded
        └── DataError              one record is bad: quarantine it and carry on
"""

from __future__ import annotations


class PipelineError(Exception):
    """Something expected went wrong; the class says what to do, the message what happened."""


class TransientError(PipelineError):
    """Try again later, unchanged: nothing was written."""


class SlowAnswerError(TransientError):
    """No whole answer in time; a smaller question may be answered."""


class GarbledAnswerError(TransientError):
    """What came instead of an answer is not one; nothing in it was believed."""


class BackOfficeDownError(TransientError):
    """The back office failed again and again; no push asks it before the pause is over, and what is owed stays owed."""


class ThrottledError(TransientError):
    """Shopify refused the query: its cost exceeds what the bucket holds.

    Attributes:
        retry_after_seconds: How long until the bucket holds enough, as Shopify reported it.
    """

    def __init__(self, message: str, *, retry_after_seconds: float) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class AuthExpiredError(PipelineError):
    """The access token was refused; a fresh one may work, once."""


class PermanentError(PipelineError):
    """Trying again cannot help; a person or a deploy must."""


class ConfigError(PermanentError):
    """A setting is missing, unknown or wrong; nothing was started."""


class ShopUnavailableError(PermanentError):
    """This shop is frozen, locked or not there; other shops are not concerned."""


class BlockedError(PermanentError):
    """Shopify rejected us for security reasons; every further request makes it worse.

    Attributes:
        retry_after_seconds: How long to leave the shop alone.
    """

    def __init__(self, message: str, *, retry_after_seconds: float) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class AccessDeniedError(PermanentError):
    """The app lacks a scope; the merchant has to grant it."""


class ApiVersionError(PermanentError):
    """Another API version answered than the one asked for; its answer was not used."""


class UnsafeAnswerError(PermanentError):
    """Somebody who is not to be trusted answered, or in a way that harms: a redirect, a stranger's certificate, a
    bomb. Nothing was followed or kept; a security event."""


class ShopAccessLostError(PermanentError):
    """The app was uninstalled or its tokens revoked: this shop alone is closed to us until it is installed again."""


class ShopLeftAloneError(PermanentError):
    """This shop refused us a while ago, so it was not asked; the message says until when, or what ends it."""


class QueryCostError(PermanentError):
    """One query costs more than Shopify allows at all; halve the page."""


class IncompleteError(PermanentError):
    """What was received is provably not all there is; the cursor has not moved."""


class QuarantineBudgetError(PermanentError):
    """A load would withhold more roots than are allowed; nothing of it was written, and it waits as it was landed."""


class DataError(PermanentError):
    """One record is bad; it belongs into quarantine and the rest goes on."""
