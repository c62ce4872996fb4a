"""A graph of similar items, made from vectors and kept with the parameters."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kgrec.errors import ConfigError
from kgrec.graph.csr import CSROperator

CHUNK_BYTES = 64 * 2**20
"""Similarities worked on at once, for memory of chunk x items rather than items x items."""


class ItemGraph(nn.Module):
    """Each item's k nearest by cosine, itself among them: ``D^-1/2 S D^-1/2``, D the row sums of S.

    The semantic graph of Zou et al. 2022 (MCCLK), https://arxiv.org/abs/2204.08807. Negative similarities
    count as 0. The graph is a constant of the gradient, and it is saved: what ranks after an epoch is the
    graph of that epoch, which the epoch's last weights would no longer make.
    """

    def __init__(self, n_items: int, neighbours: int) -> None:
        """A graph in which every item is like itself alone, until ``refresh``; at most ``n_items`` are kept.

        Raises:
            ConfigError: fewer than one neighbour.
        """
        super().__init__()
        if neighbours < 1:
            raise ConfigError(f"model.neighbours is {neighbours}; use at least 1")
        self.k = min(neighbours, n_items)
        # Buffers of one shape from the start, so that a saved graph can be loaded into a fresh one.
        self.nearest: Tensor
        self.weight: Tensor
        self.register_buffer("nearest", torch.arange(n_items).unsqueeze(1).repeat(1, self.k).int())
        self.register_buffer("weight", torch.eye(1, self.k).repeat(n_items, 1))

    @torch.no_grad()
    def refresh(self, vectors: Tensor) -> None:
        """Make the graph anew from ``vectors`` ``(n_items, dim)``.

        Cost: ``n_items^2 dim`` multiplications; memory: ``CHUNK_BYTES`` of similarities.
        """
        unit = F.normalize(vectors, dim=1)
        rows = max(1, CHUNK_BYTES // (unit.element_size() * len(unit)))
        best = [(part @ unit.T).topk(self.k, dim=1) for part in unit.split(rows)]
        weight = torch.cat([values for values, _ in best]).clamp_(min=0)
        nearest = torch.cat([items for _, items in best])
        # A vector of zeros is like nobody, and its degree of 0 divides only weights of 0.
        scale = weight.sum(1).clamp(min=1e-12).rsqrt()
        self.weight.copy_(weight * scale.unsqueeze(1) * scale[nearest])
        self.nearest.copy_(nearest)

    def operator(self) -> CSROperator:
        """The graph as ``(n_items, n_items)``; its transpose costs a sort of ``n_items k`` integers."""
        n_items = len(self.nearest)
        columns, values = self.nearest.flatten(), self.weight.flatten()
        order = columns.argsort(stable=True)
        starts = torch.zeros(n_items + 1, dtype=torch.int32, device=columns.device)
        starts[1:] = torch.bincount(columns, minlength=n_items).cumsum(0)
        ends = torch.arange(0, len(columns) + 1, self.k, dtype=torch.int32, device=columns.device)
        shape = (n_items, n_items)
        return CSROperator(
            torch.sparse_csr_tensor(ends, columns, values, shape),
            torch.sparse_csr_tensor(starts, (order // self.k).int(), values[order], shape),
        )
