"""LightGCN: linear propagation over the user-item graph."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from kgrec.graph.csr import CSROperator, product
from kgrec.graph.propagation import Propagation
from kgrec.models.config import LightGCNConfig
from kgrec.models.init import INITS, draw_rows
from kgrec.models.network import Network, NodeVectors, checked_choice, checked_scoring, final_vectors
from kgrec.models.parts import NetworkParts


class LightGCN(Network):
    """``X^(l+1) = D^-1/2 A D^-1/2 X^(l)``, the result is the mean of layers 0 to L.

    He et al. 2020, LightGCN: Simplifying and Powering Graph Convolution Network for Recommendation,
    https://arxiv.org/abs/2002.02126. Cost: L sparse products of ``(U + I, dim)`` forward, L backward.
    """

    constants: tuple[str, ...] = ("adjacency",)

    def __init__(
        self,
        propagation: Propagation,
        dim: int,
        layers: int,
        scoring: str,
        init_std: float,
        init: str = "normal",
    ) -> None:
        super().__init__()
        self.n_users, self.n_items = propagation.n_users, propagation.n_items
        self.layers, self.scoring, self.init_std = layers, checked_scoring(scoring), init_std
        self.init = checked_choice("init", init, INITS)
        self.adjacency = propagation.bipartite()
        self.node = nn.Parameter(torch.empty(self.n_users + self.n_items, dim))
        self.reset_parameters()

    @classmethod
    def build(cls, config: LightGCNConfig, parts: NetworkParts) -> "LightGCN":
        """From ``config``; only the interactions are read."""
        return cls(parts.propagation, config.dim, config.layers, config.scoring, config.init_std, config.init)

    def reset_parameters(self) -> None:
        """Users and items by ``init``."""
        draw_rows(self.node, self.init, self.init_std, (self.n_users, self.n_items))

    def forward(self) -> NodeVectors:
        """Mean over layers for users and items."""
        mean = layer_mean(self.adjacency, self.node, self.layers)
        users, items = final_vectors(mean, self.scoring).split([self.n_users, self.n_items])
        first_users, first_items = self.node.split([self.n_users, self.n_items])
        return NodeVectors(users, items, first_items, None, first_users, first_items)


def layer_mean(adjacency: CSROperator, first: Tensor, layers: int) -> Tensor:
    """``1 / (L + 1) sum_l A^l x`` for ``x`` ``(nodes, dim)``."""
    result: Tensor = _LayerMean.apply(first, adjacency, layers)
    return result


class _LayerMean(torch.autograd.Function):
    """The mean is a polynomial of A, so that its gradient is the same polynomial of A^T."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, operator: CSROperator, layers: int) -> Tensor:
        ctx.operator, ctx.layers = operator, layers
        return _mean_of_powers(operator.matrix, x, layers)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        return _mean_of_powers(ctx.operator.transposed, grads[0], ctx.layers), None, None


def _mean_of_powers(matrix: Tensor, x: Tensor, layers: int) -> Tensor:
    """By Horner's rule, ``x + A (x + A x)``: one tensor a layer, and no sum beside it."""
    total = x
    for _ in range(layers):
        total = product(matrix, total).add_(x)
    return total / (layers + 1)
