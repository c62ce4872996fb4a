"""Look-ups in sorted keys and in the rows of a CSR index, a whole batch at once."""

import torch
from torch import Tensor


def among(sorted_keys: Tensor, keys: Tensor) -> Tensor:
    """Which of ``keys`` (any shape) occur in ``sorted_keys`` ``(n,)``."""
    if len(sorted_keys) == 0:
        return torch.zeros_like(keys, dtype=torch.bool)
    place = torch.searchsorted(sorted_keys, keys).clamp(max=len(sorted_keys) - 1)
    return sorted_keys[place] == keys


def entries(indptr: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
    """Where the entries of some CSR rows are: (position in ``rows``, place among all entries), ``(m,)``
    each."""
    starts = indptr[rows]
    counts = indptr[rows + 1] - starts
    row = torch.repeat_interleave(torch.arange(len(rows), device=rows.device), counts)
    offset = torch.arange(len(row), device=rows.device) - (counts.cumsum(0) - counts)[row]
    return row, starts[row] + offset
