"""KGCN's layers: an item seen by a person, from sampled neighbours that the person's interests weigh."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

AGGREGATORS = ("sum", "concat", "neighbour", "mean")
"""Saved by their places: new ones come last."""


class Tables(NamedTuple):
    """What the layers read: people, relations and nodes."""

    users: Tensor
    """``(batch, dim)``, the people who look."""
    relations: Tensor
    """``(n_relations, dim)``"""
    nodes: Tensor
    """``(n_nodes, dim)``, items first."""


@dataclass(frozen=True)
class Receptive:
    """``v' = act(W (v + v_N) + b)`` with ``v_N = sum_k softmax_k(u . r_k) v_k``, ``len(bias)`` times.

    ``concat`` has ``W [v, v_N]`` and ``neighbour`` ``W v_N`` instead. act is ReLU, in the last layer tanh.
    ``mean`` is ``sum`` with means where the paper has sums, as in the authors' code and RecBole's: ``u . r /
    dim`` in the softmax, and ``v_N / K``.
    Wang et al. 2019, Knowledge Graph Convolutional Networks for Recommender Systems,
    https://arxiv.org/abs/1904.12575.
    """

    neighbours: Tensor
    """``(n_nodes, K)`` int64, the sampled neighbours of each node."""
    relation_of: Tensor
    """``(n_nodes, K)`` int64, the relation that leads to each."""
    weight: Tensor
    """``(layers, dim, dim)``, or ``(layers, dim, 2 dim)`` for concat."""
    bias: Tensor
    """``(layers, dim)``"""
    aggregator: str

    def fields(self, items: Tensor, hops: int) -> list[Tensor]:
        """The nodes that ``items`` ``(batch, n)`` hear from: ``(batch, n K^h)`` for each hop h from 0."""
        fields = [items]
        for _ in range(hops):
            fields.append(self.neighbours[fields[-1]].flatten(1))
        return fields

    def attention(self, tables: Tables, field: Tensor) -> Tensor:
        """Each neighbour's share for each person: nodes ``(batch, m)`` -> ``(batch, m, K)``."""
        relations = self.relation_of[field]
        cares = self._cares(tables)
        return cares.gather(1, relations.flatten(1)).view_as(relations).softmax(-1)

    def of_pairs(self, tables: Tables, items: Tensor) -> Tensor:
        """Chosen items, each row seen by its person: ``(batch, n)`` -> ``(batch, n, dim)``.

        Memory: ``4 batch n K^layers dim`` bytes, kept for the backward pass.
        """
        layers = len(self.bias)
        fields = self.fields(items, layers)
        shares = [self.attention(tables, field) for field in fields[:-1]]
        x = [F.embedding(field, tables.nodes) for field in fields]
        for layer in range(layers):
            own_weight, heard_weight = self._halves(layer)
            hop_shares = shares[: layers - layer]
            heard = [
                (share.unsqueeze(2) @ beyond.unflatten(1, share.shape[1:])).squeeze(2) @ heard_weight.T
                for share, beyond in zip(hop_shares, x[1:], strict=True)
            ]
            own = [None if own_weight is None else hop @ own_weight.T for hop in x[:-1]]
            x = [self._activate(layer, *pair) for pair in zip(own, heard, strict=True)]
        return x[0]

    def of_all(self, tables: Tables, n_items: int) -> Tensor:
        """All items seen by each person: ``(batch, n_items, dim)``.

        Every node is worked out once a layer, not once a path, and the matrices are applied before the
        neighbours are mixed: in the first layer that is once for everybody. Memory: see ``row_bytes``.
        """
        layers = len(self.bias)
        rows = self._inner_rows(n_items)
        cares = self._cares(tables)
        shares = cares[:, self.relation_of[:rows]].softmax(-1)
        x = tables.nodes
        for layer in range(layers):
            rows = n_items if layer == layers - 1 else rows
            own_weight, heard_weight = self._halves(layer)
            heard = (x @ heard_weight.T)[..., self.neighbours[:rows], :]
            equation = "bik,ikd->bid" if heard.dim() == 3 else "bik,bikd->bid"
            mixed = torch.einsum(equation, shares[:, :rows], heard)
            own = None if own_weight is None else x[..., :rows, :] @ own_weight.T
            x = self._activate(layer, own, mixed)
        return x

    def row_bytes(self, n_items: int) -> int:
        """Bytes that ``of_all`` needs a person, beside ``4 n_items K dim`` for all."""
        neighbours, dim = self.neighbours.shape[1], self.bias.shape[1]
        inner = neighbours * dim if len(self.bias) > 1 else 0
        return 4 * self._inner_rows(n_items) * (2 * neighbours + inner + 3 * dim)

    def _inner_rows(self, n_items: int) -> int:
        """Nodes that a layer before the last is worked out for; with one layer, items alone."""
        return len(self.neighbours) if len(self.bias) > 1 else n_items

    def _cares(self, tables: Tables) -> Tensor:
        """How much each person cares for each relation, ``(batch, n_relations)``."""
        cares = tables.users @ tables.relations.T
        return cares / tables.relations.shape[1] if self.aggregator == "mean" else cares

    def _halves(self, layer: int) -> tuple[Tensor | None, Tensor]:
        """The matrices ``(dim, dim)`` of the node itself (None: it is not heard) and of its neighbourhood."""
        weight = self.weight[layer]
        if self.aggregator == "sum":
            return weight, weight
        if self.aggregator == "neighbour":
            return None, weight
        if self.aggregator == "mean":
            return weight, weight / self.neighbours.shape[1]
        own, heard = weight.chunk(2, dim=1)
        return own, heard

    def _activate(self, layer: int, own: Tensor | None, heard: Tensor) -> Tensor:
        total = heard + self.bias[layer]
        if own is not None:
            total = total + own
        return total.tanh() if layer == len(self.bias) - 1 else total.relu()
