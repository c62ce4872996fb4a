"""Freed memory that stays with the process, because the next step asks for the same again."""

import ctypes
import logging
import sys

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""Numbers of glibc's malloc.h."""
LARGEST_KEPT = 2**25
"""The most that glibc takes: 32 MiB. A larger tensor comes fresh from the kernel, in huge pages."""
KEPT_BYTES = 2**30
log = logging.getLogger(__name__)


def keep_freed_memory() -> bool:
    """Have malloc keep up to 1 GiB of freed memory; whether it does. For the whole process, until it ends.

    Otherwise a tensor of some megabytes is given back to the kernel as soon as it is freed, and the next one
    is faulted in again page by page: a step of KGIN on Last.FM took 47 ms of one core where it takes 28.
    Linux with glibc only; https://man7.org/linux/man-pages/man3/mallopt.3.html.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        log.debug("this C library has no mallopt: freed memory goes back to the kernel")
        return False
    return bool(mallopt(MMAP_THRESHOLD, LARGEST_KEPT) and mallopt(TRIM_THRESHOLD, KEPT_BYTES))
