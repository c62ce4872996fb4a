"""Messages with one matrix a relation, as one sparse product over (relation, source) pairs."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from kgrec.graph.csr import CSROperator, product


class TransformOperator:
    """``y_v = sum_r sum_{s in N_r(v)} a_vs x_s W_r`` with a full matrix ``W_r`` a relation.

    A message depends on its (relation, source) pair alone, and an item that thousands of users bought is one
    pair. So each pair's row is transformed once, relation by relation, and ``A`` ``(nodes, pairs)`` adds the
    rows up: one sparse product whatever the number of relations. The transformed rows ``(pairs, dim)`` live
    inside the call only; the backward pass needs no more of them than the gradient it makes itself.

    Cost: one sparse product and ``pairs * dim_in * dim_out`` multiplications forward, two and twice that
    many backward.
    """

    def __init__(self, adjacency: CSROperator, pair_node: Tensor, starts: list[int]) -> None:
        """``adjacency`` ``(nodes, pairs)``; ``pair_node`` ``(pairs,)`` int64, grouped by relation; relation
        r's pairs are ``starts[r]`` to ``starts[r + 1]``."""
        self.adjacency = adjacency
        self.pair_node = pair_node
        self.starts = starts

    @classmethod
    def from_edges(
        cls, source: Tensor, target: Tensor, relation: Tensor, values: Tensor, n_nodes: int, n_relations: int
    ) -> "TransformOperator":
        """Edges ``source -> target`` under ``relation``, all ``(edges,)``."""
        pairs, pair_of_edge = torch.unique(relation * n_nodes + source, return_inverse=True)
        adjacency = CSROperator.from_edges(target, pair_of_edge, values, (n_nodes, len(pairs)))
        sizes = torch.bincount(pairs // n_nodes, minlength=n_relations)
        return cls(adjacency, pairs % n_nodes, [0, *sizes.cumsum(0).tolist()])

    def to(self, device: torch.device | str) -> "TransformOperator":
        """The same operator with its tensors on ``device``."""
        return TransformOperator(self.adjacency.to(device), self.pair_node.to(device), self.starts)

    def __call__(self, x: Tensor, weights: Tensor) -> Tensor:
        """``x`` ``(nodes, dim_in)``, ``weights`` ``(relations, dim_in, dim_out)`` -> ``(nodes, dim_out)``;
        with both gradients."""
        result: Tensor = _TransformMultiply.apply(x, weights, self)
        return result

    def groups(self) -> Iterator[tuple[int, slice]]:
        """Each relation that has pairs, and where they are."""
        for relation, first in enumerate(self.starts[:-1]):
            if first < self.starts[relation + 1]:
                yield relation, slice(first, self.starts[relation + 1])


class _TransformMultiply(torch.autograd.Function):
    """y = A (x_pair W_r); autograd's own backward would keep x_pair ``(pairs, dim)`` of every layer."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weights: Tensor, operator: TransformOperator) -> Tensor:
        ctx.save_for_backward(x, weights)
        ctx.operator = operator
        rows = x.new_empty(len(operator.pair_node), weights.shape[2])
        for relation, where in operator.groups():
            torch.mm(x[operator.pair_node[where]], weights[relation], out=rows[where])
        return product(operator.adjacency.matrix, rows)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None]:
        x, weights = ctx.saved_tensors
        operator: TransformOperator = ctx.operator
        grad_rows = product(operator.adjacency.transposed, grad)
        grad_x, grad_weights = torch.zeros_like(x), torch.zeros_like(weights)
        for relation, where in operator.groups():
            node, own = operator.pair_node[where], grad_rows[where]
            torch.mm(x[node].T, own, out=grad_weights[relation])
            grad_x.index_add_(0, node, own @ weights[relation].T)
        return grad_x, grad_weights, None
