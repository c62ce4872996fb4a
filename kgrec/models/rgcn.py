"""R-GCN: graph convolution with a matrix of its own for every relation."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kgrec.errors import ConfigError
from kgrec.graph.propagation import Propagation
from kgrec.graph.transforms import TransformOperator
from kgrec.models.config_convolution import RGCNConfig
from kgrec.models.network import Network, NodeVectors, checked_scoring, final_vectors
from kgrec.models.parts import NetworkParts

OUTPUTS = ("last", "concatenated")


class RGCN(Network):
    """``x_v^(l+1) = act(sum_r 1 / |N_r(v)| sum_{s in N_r(v)} x_s^(l) W_r^(l) + x_v^(l) W_0^(l))``.

    ``W_r = sum_b a_rb V_b`` mixes ``bases`` shared matrices, so that rare relations do not overfit.
    Schlichtkrull et al. 2018, Modeling Relational Data with Graph Convolutional Networks,
    https://arxiv.org/abs/1703.06103. Users, items and entities are encoded alike, the interactions being
    relations too. ``act`` is ReLU between layers and nothing after the last: a ReLU there would leave vectors
    without a negative entry, whose inner products could not tell dislike from indifference. Scores are inner
    products of the encoded users and items, where the paper scores triples; its DistMult decoder is trained
    as well by ``objective.knowledge.triple``, on the encoded vectors.

    The sums over edges come after ``W_r``, not basis by basis: one sparse product a layer instead of
    ``bases`` of them, at the price of transforming each (relation, source) pair's row, of which there are at
    most as many as edges (see ``TransformOperator``). No (edges, dim) tensor is held.
    """

    constants = ("messages",)

    def __init__(self, propagation: Propagation, config: RGCNConfig) -> None:
        super().__init__()
        check_rgcn(config)
        self.n_users, self.n_items = propagation.n_users, propagation.n_items
        self.n_entities = propagation.n_entities
        self.config, self.scoring = config, checked_scoring(config.scoring)
        self.messages = mean_messages(propagation)
        self.dropout = nn.Dropout(config.dropout)
        dim, n_relations = config.dim, len(propagation.relations)
        self.node = nn.Parameter(torch.empty(propagation.n_nodes, dim))
        self.basis = nn.Parameter(torch.empty(config.layers, config.bases, dim, dim))
        self.coefficient = nn.Parameter(torch.empty(config.layers, n_relations, config.bases))
        self.self_loop = nn.Parameter(torch.empty(config.layers, dim, dim))
        width = dim * (config.layers + 1) if config.output == "concatenated" else dim
        self.relation = nn.Parameter(torch.empty(n_relations, width))
        self.reset_parameters()

    @classmethod
    def build(cls, config: RGCNConfig, parts: NetworkParts) -> "RGCN":
        """From ``config``; the whole graph is read."""
        return cls(parts.propagation, config)

    def reset_parameters(self) -> None:
        """Glorot for the matrices, normal with ``init_std`` for nodes, near 1 for DistMult's relations."""
        nn.init.normal_(self.node, std=self.config.init_std)
        nn.init.normal_(self.relation, mean=1.0, std=self.config.init_std)
        for layer in range(self.config.layers):
            nn.init.xavier_uniform_(self.coefficient[layer])
            nn.init.xavier_uniform_(self.self_loop[layer])
            for basis in self.basis[layer]:
                nn.init.xavier_uniform_(basis)

    def forward(self) -> NodeVectors:
        """Encode all nodes; the last layer, or all of them side by side."""
        current: Tensor = self.node
        layers = [current]
        for layer in range(self.config.layers):
            current = self.dropout(self._convolve(current, layer))
            layers.append(current)
        encoded = torch.cat(layers, 1) if self.config.output == "concatenated" else current
        sizes = [self.n_users, self.n_items, self.n_entities]
        users, items, _ = encoded.split(sizes)
        first_users, first_items, _ = self.node.split(sizes)
        return NodeVectors(
            users=final_vectors(users, self.scoring),
            items=final_vectors(items, self.scoring),
            knowledge=encoded[self.n_users :],
            relations=self.relation,
            first_users=first_users,
            first_items=first_items,
        )

    def _convolve(self, x: Tensor, layer: int) -> Tensor:
        """One layer, ``(nodes, dim)`` -> ``(nodes, dim)``."""
        weights = torch.einsum("rb,bij->rij", self.coefficient[layer], self.basis[layer])
        out = self.messages(x, weights) + x @ self.self_loop[layer]
        return F.relu(out) if layer + 1 < self.config.layers else out


def mean_messages(propagation: Propagation) -> TransformOperator:
    """All edges, each weighing one over the number that its target has of that relation."""
    source, target, relation, _ = propagation.edges(set(propagation.relations), weighted=False)
    n_relations = len(propagation.relations)
    _, group, size = torch.unique(target * n_relations + relation, return_inverse=True, return_counts=True)
    values = size[group].float().reciprocal()
    return TransformOperator.from_edges(source, target, relation, values, propagation.n_nodes, n_relations)


def check_rgcn(config: RGCNConfig) -> None:
    """Refuse what nothing can be built from.

    Raises:
        ConfigError: there is no such output, or no layer or basis.
    """
    if config.output not in OUTPUTS:
        raise ConfigError(f"model.output is {config.output!r}; use {' or '.join(OUTPUTS)}")
    if config.layers < 1 or config.bases < 1:
        raise ConfigError(f"model.layers is {config.layers} and model.bases {config.bases}; use 1 or more")
