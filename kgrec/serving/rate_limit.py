"""How often each key may ask."""

import math
import time
from collections.abc import Callable


class TokenBuckets:
    """A bucket for each name: holds ``burst`` tokens, gains ``rate`` a second, a request takes one.

    Not for several threads: the event loop alone asks. As many buckets as keys, so that none is ever dropped.
    """

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, float(burst), clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, name: str) -> int:
        """0 where the request may pass, else the whole seconds after which the next one may."""
        if self._rate == 0:
            return 0
        now = self._clock()
        tokens, then = self._buckets.get(name, (self._burst, now))
        tokens = min(self._burst, tokens + (now - then) * self._rate)
        if tokens >= 1:
            self._buckets[name] = (tokens - 1, now)
            return 0
        self._buckets[name] = (tokens, now)
        return max(1, math.ceil((1 - tokens) / self._rate))
