"""Work that takes long, beside the event loop: a few threads, a short queue, a deadline."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from kgrec.serving.problems import unavailable

T = TypeVar("T")


class Workers:
    """A thread pool that refuses work rather than queue it without end."""

    def __init__(self, name: str, threads: int, waiting: int) -> None:
        self._name, self._limit = name, threads + waiting
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=f"kgrec-{name}")
        self._under_way = 0

    async def run(self, call: Callable[[], T]) -> T:
        """The result of ``call`` in a thread.

        Where the caller gives up (its deadline has come) a call that has not begun never does, and one that
        has begun keeps its thread until it ends.

        Raises:
            Problem: 503 where too much is waiting already.
        """
        if self._under_way >= self._limit:
            raise unavailable(f"too many requests of this kind ({self._name}) are waiting")
        self._under_way += 1
        loop = asyncio.get_running_loop()
        future = self._pool.submit(call)
        future.add_done_callback(lambda done: self._done(loop, done))
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Begin nothing more; what has begun ends by itself."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _done(self, loop: asyncio.AbstractEventLoop, done: Future[T]) -> None:
        # In the loop's thread, where the number is read; a loop that is closed counts no more.
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._count_down)

    def _count_down(self) -> None:
        self._under_way -= 1
