"""Co-occurrence of items, ``X'X``, a block of rows at a time."""

from collections.abc import Iterator
from dataclasses import dataclass

import scipy.sparse as sp

from kgrec.progress import progress

ENTRIES = 2**23
"""Entries of a block: at 12 bytes each, and as much again for what is made of them, some 200 MB."""


@dataclass(frozen=True)
class GramBlock:
    """Rows ``[start, stop)`` of ``X'X``."""

    start: int
    stop: int
    matrix: sp.coo_matrix
    """``(stop - start, n_columns)``."""


def gram_blocks(matrix: sp.csr_matrix, entries: int = ENTRIES) -> Iterator[GramBlock]:
    """Yield ``X'X`` of ``matrix`` ``(n_rows, n_columns)`` from top to bottom; all of it is never held."""
    n = matrix.shape[1]
    height = max(1, entries // max(1, n))
    columns = matrix.tocsc()
    for start in progress(range(0, n, height), desc="item co-occurrence", unit="block"):
        stop = min(start + height, n)
        yield GramBlock(start, stop, (columns[:, start:stop].T @ matrix).tocoo())
