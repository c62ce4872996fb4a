"""Normalised operators made from the graph: the only place that knows global row offsets."""

from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from kgrec.errors import ConfigError
from kgrec.graph.csr import CSROperator, product
from kgrec.graph.hetero import ANSWERED_BY, ASKS, INTERACTS, reverse_name
from kgrec.look_up import look_up

NORMALISATIONS = ("symmetric", "family", "mean")
INTERACTION_NAMES = (INTERACTS, reverse_name(INTERACTS))
QUERY_NAMES = (ASKS, reverse_name(ASKS), ANSWERED_BY, reverse_name(ANSWERED_BY))
BEHAVIOUR_NAMES = (*INTERACTION_NAMES, *QUERY_NAMES)


class RelationalOperator:
    """Relation-gated messages ``y_v = sum_r sum_{s in N_r(v)} a_vs (x_s * g_r)`` as one sparse product.

    Per-edge gates would need an (edges, dim) tensor. But a message depends on its (relation, source) pair
    only, and there are far fewer such pairs than edges: an item that thousands of users bought is one pair.
    So the pairs' gated rows are made once and ``A`` ``(nodes, pairs)`` adds them up. The gated rows
    ``(pairs, dim)`` live only inside the call: the backward pass makes them again.
    """

    def __init__(self, adjacency: CSROperator, pair_node: Tensor, pair_relation: Tensor) -> None:
        """``adjacency`` ``(nodes, pairs)``; ``pair_node`` and ``pair_relation`` ``(pairs,)`` int64."""
        self.adjacency = adjacency
        self.pair_node = pair_node
        self.pair_relation = pair_relation

    @classmethod
    def from_edges(
        cls, source: Tensor, target: Tensor, relation: Tensor, values: Tensor, n_nodes: int, n_relations: int
    ) -> "RelationalOperator":
        """Edges ``source -> target`` under ``relation``, all ``(edges,)``."""
        key = source * n_relations + relation
        pairs, pair_of_edge = torch.unique(key, return_inverse=True)
        adjacency = CSROperator.from_edges(target, pair_of_edge, values, (n_nodes, len(pairs)))
        return cls(adjacency, pairs // n_relations, pairs % n_relations)

    def onto(self, n_rows: int) -> "RelationalOperator":
        """The messages that reach the first ``n_rows`` nodes: ``(nodes, dim)`` -> ``(n_rows, dim)``."""
        adjacency = self.adjacency.rows(torch.arange(n_rows, device=self.pair_node.device))
        heard = adjacency.matrix.col_indices().unique().long()
        # Pairs that only others hear are not made.
        adjacency = adjacency.transpose().rows(heard).transpose()
        return RelationalOperator(adjacency, self.pair_node[heard], self.pair_relation[heard])

    def to(self, device: torch.device | str) -> "RelationalOperator":
        """The same operator with its tensors on ``device``."""
        moved = (self.pair_node.to(device), self.pair_relation.to(device))
        return RelationalOperator(self.adjacency.to(device), *moved)

    def __call__(self, x: Tensor, gates: Tensor) -> Tensor:
        """``x`` ``(nodes, dim)``, ``gates`` ``(relations, dim)`` -> ``(nodes, dim)``, with both gradients."""
        result: Tensor = _GatedMultiply.apply(x, gates, self)
        return result


class _GatedMultiply(torch.autograd.Function):
    """y = A (x_pair * g_pair); backward goes through A^T and adds up the pairs of each node."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, gates: Tensor, operator: RelationalOperator) -> Tensor:
        ctx.save_for_backward(x, gates)
        ctx.operator = operator
        gated = look_up(x, operator.pair_node).mul_(look_up(gates, operator.pair_relation))
        return product(operator.adjacency.matrix, gated)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor | None, None]:
        x, gates = ctx.saved_tensors
        node, relation = ctx.operator.pair_node, ctx.operator.pair_relation
        grad_gated = product(ctx.operator.adjacency.transposed, grads[0])
        grad_gates = None
        if ctx.needs_input_grad[1]:
            grad_gates = torch.zeros_like(gates).index_add_(0, relation, grad_gated * look_up(x, node))
        grad_x = torch.zeros_like(x).index_add_(0, node, grad_gated.mul_(look_up(gates, relation)))
        return grad_x, grad_gates, None


class Propagation:
    """The operators of one graph, and where each node type's rows lie in the global order.

    Global rows: users ``[0, U)``, items ``[U, U + I)``, entities ``[U + I, U + I + E)``, whose last are the
    queries, where there are any: whatever reads entities reads them, too. Offsets live here and are never
    saved. ``relations`` lists the relation of each gate row, reverses included; ``is_interaction``
    ``(relations,)`` marks those that are behaviour rather than knowledge.
    """

    def __init__(self, graph: HeteroData) -> None:
        self.n_users = int(graph["user"].num_nodes)
        self.n_items = int(graph["item"].num_nodes)
        n_entities = int(graph["entity"].num_nodes)
        self.n_queries = int(graph["query"].num_nodes) if "query" in graph.node_types else 0
        self.n_entities = n_entities + self.n_queries
        self.n_nodes = self.n_users + self.n_items + self.n_entities
        first = self.n_users + self.n_items
        self.offsets = {"user": 0, "item": self.n_users, "entity": first, "query": first + n_entities}
        self.relations = sorted({edge_type[1] for edge_type in graph.edge_types})
        self.is_interaction = torch.tensor([name in BEHAVIOUR_NAMES for name in self.relations])
        self._graph = graph

    def bipartite(self, weighted: bool = False) -> CSROperator:
        """``D^-1/2 A D^-1/2`` over users and items only, ``(U + I, U + I)``: LightGCN's operator.

        Kipf and Welling 2017, https://arxiv.org/abs/1609.02907; He et al. 2020, https://arxiv.org/abs/2002.02126.
        """
        source, target, _, weight = self.edges(set(INTERACTION_NAMES), weighted)
        return self._symmetric(source, target, weight, self.n_users + self.n_items)

    def homogeneous(self, weighted: bool = False) -> CSROperator:
        """The same normalisation over all nodes and all relations, relations told apart by nothing."""
        source, target, _, weight = self.edges(set(self.relations), weighted)
        return self._symmetric(source, target, weight, self.n_nodes)

    def relational(self, normalisation: str = "symmetric", weighted: bool = False) -> RelationalOperator:
        """Gated messages over all relations.

        ``symmetric``: an edge weighs ``1 / sqrt(d_target d_source)``, degrees over all relations.
        ``family``: the same, degrees counted within interactions and within knowledge apart, so that a film
        with hundreds of facts still hears its viewers. ``mean``: ``1 / d_target`` within each relation.

        Raises:
            ConfigError: there is no such normalisation.
        """
        source, target, relation, weight = self.edges(set(self.relations), weighted)
        values = weight * self._scale(source, target, relation, weight, normalisation)
        return RelationalOperator.from_edges(
            source, target, relation, values, self.n_nodes, len(self.relations)
        )

    def knowledge(self, normalisation: str = "mean") -> RelationalOperator:
        """Gated messages over knowledge alone: rows ``[0, I + E)``, items then entities, as in the triples.

        An edge weighs ``1 / d_target`` (``mean``) or ``1 / sqrt(d_target d_source)`` (``symmetric``: an
        entity that everything has says little), degrees over all relations of knowledge. The gates are those
        of all ``relations``; the rows of interactions are not read.

        Raises:
            ConfigError: there is no such normalisation of knowledge alone.
        """
        if normalisation not in ("mean", "symmetric"):
            raise ConfigError(f"model.normalisation is {normalisation!r}; use mean or symmetric")
        names = {name for name in self.relations if name not in BEHAVIOUR_NAMES}
        source, target, relation, _ = self.edges(names, weighted=False)
        source, target = source - self.n_users, target - self.n_users
        n_nodes = self.n_items + self.n_entities
        values = _mean_weights(target, n_nodes)
        if normalisation == "symmetric":
            values = (values * _mean_weights(source, n_nodes)).sqrt()
        return RelationalOperator.from_edges(source, target, relation, values, n_nodes, len(self.relations))

    def user_means(self) -> CSROperator:
        """``D^-1 A``: the mean of the items of each user, ``(U, I)``; an empty row where there are none."""
        user, item, _, _ = self.edges({INTERACTS}, weighted=False)
        values = _mean_weights(user, self.n_users)
        return CSROperator.from_edges(user, item - self.n_users, values, (self.n_users, self.n_items))

    def edges(self, relations: set[str], weighted: bool) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Global (source, target, relation, weight), ``(edges,)`` each, of every edge of these relations."""
        parts: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []
        for head, name, tail in self._graph.edge_types:
            if name not in relations:
                continue
            store = self._graph[head, name, tail]
            index = store.edge_index.cpu()
            n = index.shape[1]
            weight = store.weight.cpu() if weighted and "weight" in store else torch.ones(n)
            code = torch.full((n,), self.relations.index(name))
            parts.append((index[0] + self.offsets[head], index[1] + self.offsets[tail], code, weight))
        if not parts:
            none = torch.zeros(0, dtype=torch.int64)
            return none, none, none, torch.zeros(0)
        source, target, relation, weight = (torch.cat(column) for column in zip(*parts, strict=True))
        return source, target, relation, weight

    @staticmethod
    def _symmetric(source: Tensor, target: Tensor, weight: Tensor, n_nodes: int) -> CSROperator:
        degree = torch.zeros(n_nodes).index_add_(0, target, weight)
        scale = degree.clamp(min=1e-12).rsqrt()
        values = weight * scale[source] * scale[target]
        return CSROperator.from_edges(target, source, values, (n_nodes, n_nodes), symmetric=True)

    def _scale(
        self, source: Tensor, target: Tensor, relation: Tensor, weight: Tensor, normalisation: str
    ) -> Tensor:
        """Per-edge factor ``(edges,)``; degrees are counted within each edge's group."""
        if normalisation not in NORMALISATIONS:
            raise ConfigError(f"model.normalisation is {normalisation!r}; use {', '.join(NORMALISATIONS)}")
        group = {
            "symmetric": torch.zeros_like(relation),
            "family": self.is_interaction[relation].long(),
            "mean": relation,
        }[normalisation]
        n_groups = len(self.relations) + 2
        degree = torch.zeros(self.n_nodes * n_groups)
        degree.index_add_(0, target * n_groups + group, weight)
        # Edges of weight 0 may leave a degree of 0; whatever is divided by it is 0 as well.
        degree.clamp_(min=1e-12)
        in_degree = degree[target * n_groups + group]
        if normalisation == "mean":
            return in_degree.reciprocal()
        # Every relation has its reverse, so a node's degree within a group is the same in and out.
        out_degree = degree[source * n_groups + group]
        return in_degree.rsqrt() * out_degree.rsqrt()


def _mean_weights(target: Tensor, n_nodes: int) -> Tensor:
    """``1 / d_target`` of each edge, ``(edges,)``."""
    return torch.bincount(target, minlength=n_nodes)[target].float().reciprocal()
