"""Freed memory that stays with the process while it trains, because the next step asks for the same again."""

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""Numbers of glibc's malloc.h."""
LARGEST_KEPT = 2**25
"""The most that glibc takes: 32 MiB. A larger tensor comes fresh from the kernel, in huge pages."""
KEPT_BYTES = 2**30
"""Freed memory at the end of the heap that is kept during a training."""
AFTERWARDS = 2 * LARGEST_KEPT
"""What glibc itself would keep once a tensor of 32 MiB was freed."""
NAMES = ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_")
"""Where a user asks malloc for something else, which then holds."""


@contextmanager
def freed_memory_kept() -> Iterator[bool]:
    """Have malloc keep what a step frees for the next one, and give it all back at the end; whether it does.

    Otherwise a tensor of some megabytes is given back to the kernel as soon as it is freed, and the next one
    is faulted in again page by page: a step of KGIN on Last.FM took 47 ms of one core where it takes 28.
    Linux with glibc only; https://man7.org/linux/man-pages/man3/mallopt.3.html.
    """
    libc = ctypes.CDLL(None) if sys.platform.startswith("linux") else None
    if not hasattr(libc, "mallopt") or any(name in os.environ for name in NAMES):
        yield False
        return
    assert libc is not None
    try:
        yield bool(libc.mallopt(MMAP_THRESHOLD, LARGEST_KEPT) and libc.mallopt(TRIM_THRESHOLD, KEPT_BYTES))
    finally:
        libc.mallopt(TRIM_THRESHOLD, AFTERWARDS)
        libc.malloc_trim(0)
