"""The one retry policy: full jitter for what is transient, Shopify's own wait for what is throttled.

Here: when to try again and how long to wait. Not here: which answer is transient (``answers.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception

from shopify_pipeline.clock import Clock
from shopify_pipeline.errors import SlowAnswerError, ThrottledError, TransientError

T = TypeVar("T")


class RetryPolicy:
    """Runs a call again while that can help; the last error is let through.

    Args:
        rng: The only chance in here; a simulation seeds it.
        attempts_max: Tries of a transient failure.
        slow_attempts_max: Tries of a call that is too slow; asking for less helps more than asking again.
        transient_seconds_max: No try begins later than this after the first.
        wait_seconds_base: The n-th wait is drawn between 0 and base * 2**(n-1), at most ``wait_seconds_max``.
        throttled_seconds_max: Longest total wait for a throttled call; being throttled costs no tries.
    """

    def __init__(
        self,
        clock: Clock,
        rng: Random,
        *,
        attempts_max: int = 5,
        slow_attempts_max: int = 3,
        transient_seconds_max: float = 120.0,
        wait_seconds_base: float = 1.0,
        wait_seconds_max: float = 30.0,
        throttled_seconds_max: float = 300.0,
    ) -> None:
        self._clock = clock
        self._rng = rng
        self._base = wait_seconds_base
        self._max = wait_seconds_max
        self.attempts_max = attempts_max
        self._slow_attempts_max = slow_attempts_max
        self._transient_seconds_max = transient_seconds_max
        self._throttled_seconds_max = throttled_seconds_max

    def call(self, attempt: Callable[[], T]) -> T:
        """Call until it returns, fails for good, or there is no more patience.

        Raises:
            TransientError: It still failed the last time; ThrottledError when Shopify kept refusing.
        """
        polite = Retrying(
            retry=retry_if_exception(lambda exc: isinstance(exc, ThrottledError)),
            stop=lambda state: state.idle_for + state.upcoming_sleep > self._throttled_seconds_max,
            wait=self._asked_for,
            sleep=self._clock.sleep,
            reraise=True,
        )
        return polite(lambda: self._patient()(attempt))

    def _patient(self) -> Retrying:
        begun = self._clock.monotonic()

        def exhausted(state: RetryCallState) -> bool:
            slow = state.outcome is not None and isinstance(state.outcome.exception(), SlowAnswerError)
            elapsed = self._clock.monotonic() - begun + state.upcoming_sleep
            attempts_max = self._slow_attempts_max if slow else self.attempts_max
            return state.attempt_number >= attempts_max or elapsed > self._transient_seconds_max

        return Retrying(
            retry=retry_if_exception(_is_transient),
            stop=exhausted,
            wait=lambda state: self.jitter_seconds(state.attempt_number),
            sleep=self._clock.sleep,
            reraise=True,
        )

    def jitter_seconds(self, attempt_number: int) -> float:
        """Draw the wait after the n-th failed attempt (from 1)."""
        return self._rng.uniform(0, min(self._max, self._base * 2.0 ** (attempt_number - 1)))

    def pause(self, attempt_number: int) -> None:
        """Wait as after the n-th failed attempt, for a caller that counts its attempts itself."""
        self._clock.sleep(self.jitter_seconds(attempt_number))

    def _asked_for(self, state: RetryCallState) -> float:
        refused = state.outcome.exception() if state.outcome else None
        seconds = refused.retry_after_seconds if isinstance(refused, ThrottledError) else 0.0
        # Who says "at once" again and again is not to be believed: at least every wait is twice the one before it.
        patience = min(self._max, self._base * 2.0 ** (state.attempt_number - 2))
        # Many runs are told the same second; a little chance keeps them from coming back together.
        return max(seconds, patience) + self._rng.uniform(0, 0.5)


def _is_transient(exc: BaseException) -> bool:
    return isinstance(exc, TransientError) and not isinstance(exc, ThrottledError)
