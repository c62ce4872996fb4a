"""A stand-in for the two calls of `torch_scatter` that RecBole's KGIN and MCCLK make, by torch alone.

`torch_scatter` has no wheel for a current torch. The peers' process finds this one by PYTHONPATH, and the
table says so. Only ``dim=0`` is there, for that is all they ask for. The models call it several times a
step, so both are written for speed: `index_add_` is torch's fastest sum by index of whole rows on a CPU.
"""

import torch
from torch import Tensor


def scatter_mean(src: Tensor, index: Tensor, dim: int = 0, dim_size: int | None = None) -> Tensor:
    """Mean of the rows of ``src`` by ``index``: ``(n, d)`` to ``(dim_size, d)``; zero where there is none."""
    size = _checked(index, dim, dim_size)
    total = src.new_zeros((size, *src.shape[1:])).index_add_(0, index, src)
    count = torch.bincount(index, minlength=size).clamp_(min=1).to(src.dtype)
    return total / count.view(-1, *[1] * (src.dim() - 1))


def scatter_softmax(src: Tensor, index: Tensor, dim: int = 0) -> Tensor:
    """Softmax of ``(n, d)`` over the rows that share an ``index``, column by column."""
    size = _checked(index, dim, None)
    where = index.view(-1, *[1] * (src.dim() - 1)).expand_as(src)
    top = src.detach().new_full((size, *src.shape[1:]), -torch.inf)
    top = top.scatter_reduce(0, where, src.detach(), "amax")
    exp = (src - top[index]).exp()
    return exp / exp.new_zeros(top.shape).index_add_(0, index, exp)[index]


def _checked(index: Tensor, dim: int, size: int | None) -> int:
    if dim != 0 or index.dim() != 1:
        raise NotImplementedError("the stand-in for torch_scatter knows dim=0 and a flat index only")
    return size if size is not None else int(index.max()) + 1
