"""The one retry policy: full jitter for what is transient, Shopify's own wait for what is throttled.

Here: when to try again and how long to wait. Not here: which answer is transient (``answers.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception

from shopify_pipeline.clock import Clock
from shopify_pipeline.errors import ThrottledError, TransientError

T = TypeVar("T")


class RetryPolicy:
    """Runs a call again while that can help; the last error is let through.

    Args:
        rng: The only chance in here; a simulation seeds it.
        attempts_max: Tries of a transient failure.
        wait_seconds_base: The n-th wait is drawn between 0 and base * 2**(n-1), at most ``wait_seconds_max``.
        throttled_seconds_max: Longest total wait for a throttled call; being throttled costs no tries.
    """

    def __init__(
        self,
        clock: Clock,
        rng: Random,
        *,
        attempts_max: int = 5,
        wait_seconds_base: float = 1.0,
        wait_seconds_max: float = 30.0,
        throttled_seconds_max: float = 300.0,
    ) -> None:
        self._clock = clock
        self._rng = rng
        self._base = wait_seconds_base
        self._max = wait_seconds_max
        self.attempts_max = attempts_max
        self._throttled_seconds_max = throttled_seconds_max

    def call(self, attempt: Callable[[], T]) -> T:
        """Call until it returns, fails for good, or there is no more patience.

        Raises:
            TransientError: It still failed the last time; ThrottledError when Shopify kept refusing.
        """
        patient = Retrying(
            retry=retry_if_exception(_is_transient),
            stop=lambda state: state.attempt_number >= self.attempts_max,
            wait=lambda state: self.jitter_seconds(state.attempt_number),
            sleep=self._clock.sleep,
            reraise=True,
        )
        polite = Retrying(
            retry=retry_if_exception(lambda exc: isinstance(exc, ThrottledError)),
            stop=lambda state: state.idle_for + state.upcoming_sleep > self._throttled_seconds_max,
            wait=self._asked_for,
            sleep=self._clock.sleep,
            reraise=True,
        )
        return polite(lambda: patient.copy()(attempt))

    def jitter_seconds(self, attempt_number: int) -> float:
        """Draw the wait after the n-th failed attempt (from 1)."""
        return self._rng.uniform(0, min(self._max, self._base * 2.0 ** (attempt_number - 1)))

    def pause(self, attempt_number: int) -> None:
        """Wait as after the n-th failed attempt, for a caller that counts its attempts itself."""
        self._clock.sleep(self.jitter_seconds(attempt_number))

    def _asked_for(self, state: RetryCallState) -> float:
        refused = state.outcome.exception() if state.outcome else None
        seconds = refused.retry_after_seconds if isinstance(refused, ThrottledError) else 0.0
        # Many runs are told the same second; a little chance keeps them from coming back together.
        return seconds + self._rng.uniform(0, 0.5)


def _is_transient(exc: BaseException) -> bool:
    return isinstance(exc, TransientError) and not isinstance(exc, ThrottledError)
