"""Named places where a process may die, so that crash tests can kill a real one exactly there.

Here: the names and the hook. ``SHOPIFY_PIPELINE_KILL_AT=<name>`` kills this process with SIGKILL when it gets there;
without it a failpoint does nothing.
"""

from __future__ import annotations

import os
import signal
from enum import StrEnum

KILL_AT = "SHOPIFY_PIPELINE_KILL_AT"


class Failpoint(StrEnum):
    """Every place a crash test kills at; the value says what has just happened."""

    LANDING_HALF_FILE = "landing.half_file"
    LOAD_BEFORE_COMMIT = "load.before_commit"
    LOAD_AFTER_COMMIT = "load.after_commit"
    TOKEN_BEFORE_STORE = "token.before_store"  # noqa: S105 - a place, not a secret
    PUSH_MID_BATCH = "push.mid_batch"
    PUSH_BEFORE_ACKNOWLEDGE = "push.before_acknowledge"


def reached(failpoint: Failpoint) -> None:
    """Die here if the environment asks for it; SIGKILL, so that no handler, no flush and no rollback runs."""
    if os.environ.get(KILL_AT) == failpoint.value:
        os.kill(os.getpid(), signal.SIGKILL)
