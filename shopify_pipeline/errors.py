"""What can go wrong, sorted by what to do about it.

Here: the tree. Not here: retrying (``shopify/retry.py``) and turning an error into an exit code (``cli.py``).

    PipelineError
    ├── TransientError        try again later, unchanged: nothing was written
    │   └── ThrottledError    wait as long as Shopify says
    ├── AuthExpiredError      get a new token once, then it is permanent
    └── PermanentError        trying again cannot help: a person or a deploy must
        ├── ConfigError       a setting is missing, unknown or wrong
        ├── QueryCostError    the query is too dear: ask for smaller pages
        ├── IncompleteError   what was received is not all there is: nothing of it counts
        └── DataError         one record is bad: quarantine it and carry on
"""

from __future__ import annotations


class PipelineError(Exception):
    """Something expected went wrong; the class says what to do, the message what happened."""


class TransientError(PipelineError):
    """Try again later, unchanged: nothing was written."""


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


class QueryCostError(PermanentError):
    """One query costs more than Shopify allows at all; halve the page."""


class IncompleteError(PermanentError):
    """What was received is provably not all there is; the cursor has not moved."""


class DataError(PermanentError):
    """One record is bad; it belongs into quarantine and the rest goes on."""
