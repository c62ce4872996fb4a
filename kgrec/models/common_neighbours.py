"""How alike the neighbourhoods of two nodes are, for chosen pairs of users and items."""

import torch
from torch import Tensor

from kgrec.graph.csr import product
from kgrec.graph.propagation import Propagation
from kgrec.graph.rows import entries


class CommonNeighbours:
    """``s(a, b) = (A A + A)_ab / sqrt(d_a d_b)`` over users and items: a cosine of neighbourhoods.

    ``A`` holds the distinct edges between users and items, those of knowledge between two items included;
    ``d`` counts all distinct neighbours, entities included. Rows: users ``[0, U)``, items ``[U, U + I)``.
    """

    def __init__(self, indptr: Tensor, neighbours: Tensor, scale: Tensor) -> None:
        """``indptr`` ``(U + I + 1,)`` and ``neighbours`` ``(m,)`` int64, ascending within a row; ``scale``
        ``(U + I,)`` is ``d^-1/2``, 0 where there are no neighbours."""
        self.indptr, self.neighbours, self.scale = indptr, neighbours, scale

    @classmethod
    def from_propagation(cls, propagation: Propagation) -> "CommonNeighbours":
        """From all edges of the graph."""
        source, target, _, _ = propagation.edges(set(propagation.relations), weighted=False)
        keys = torch.unique(target * propagation.n_nodes + source)
        node, neighbour = keys // propagation.n_nodes, keys % propagation.n_nodes
        n = propagation.n_users + propagation.n_items
        degree = torch.bincount(node, minlength=propagation.n_nodes)[:n]
        scale = torch.where(degree > 0, degree.clamp(min=1).float().rsqrt(), 0.0)
        among = (node < n) & (neighbour < n)
        indptr = torch.zeros(n + 1, dtype=torch.int64)
        indptr[1:] = torch.bincount(node[among], minlength=n).cumsum(0)
        return cls(indptr, neighbour[among], scale)

    def to(self, device: torch.device | str) -> "CommonNeighbours":
        """The same on ``device``."""
        return CommonNeighbours(self.indptr.to(device), self.neighbours.to(device), self.scale.to(device))

    def similarity(self, left: Tensor, right: Tensor) -> Tensor:
        """``s`` ``(a, b)`` for rows ``left`` ``(a,)`` and ``right`` ``(b,)``.

        Memory: 4 bytes times b times the distinct neighbours of ``right``.
        """
        row, place = entries(self.indptr, left)
        other, other_place = entries(self.indptr, right)
        # A A + A = A (A + I): the right-hand nodes are among their own neighbours.
        own = torch.arange(len(right), device=right.device)
        other, beside = torch.cat([other, own]), torch.cat([self.neighbours[other_place], right])
        known, column = beside.unique(return_inverse=True)
        table = torch.zeros(len(known), len(right), device=right.device)
        table.index_put_((column, other), torch.ones_like(column, dtype=table.dtype), accumulate=True)
        wanted = self.neighbours[place]
        position = torch.searchsorted(known, wanted).clamp(max=max(len(known) - 1, 0))
        hit = known[position] == wanted
        shared = product(_rows(row[hit], position[hit], (len(left), len(known))), table)
        return shared * self.scale[left].unsqueeze(1) * self.scale[right]


def _rows(row: Tensor, column: Tensor, shape: tuple[int, int]) -> Tensor:
    """Ones at (row ascending, column) as a CSR tensor."""
    indptr = torch.zeros(shape[0] + 1, dtype=torch.int32, device=row.device)
    indptr[1:] = torch.bincount(row, minlength=shape[0]).cumsum(0)
    return torch.sparse_csr_tensor(indptr, column.int(), torch.ones(len(row), device=row.device), size=shape)
