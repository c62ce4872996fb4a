"""Progress bars for long work: on standard error, so that standard output carries results only."""

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")


def progress(
    items: Iterable[T], desc: str, total: int | None = None, unit: str = "it", disable: bool | None = None
) -> Iterator[T]:
    """Yield from ``items`` while a bar on standard error shows speed and remaining time.

    ``disable=None`` hides the bar where standard error is no terminal, so that logs stay readable.
    A bar appears only after one second: short work stays silent.
    """
    yield from tqdm(items, desc=desc, total=total, unit=unit, disable=disable, file=sys.stderr, delay=1.0)
