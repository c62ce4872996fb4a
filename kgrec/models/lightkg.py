"""LightKG: linear propagation over users, items and entities, one scalar a relation and direction."""

import torch
from torch import Tensor, nn

from kgrec.errors import ConfigError
from kgrec.graph.propagation import Propagation
from kgrec.look_up import look_up
from kgrec.models.common_neighbours import CommonNeighbours
from kgrec.models.config_relational import LightKGConfig
from kgrec.models.init import INITS, draw_rows
from kgrec.models.network import (
    Network,
    NodeVectors,
    checked_choice,
    checked_scoring,
    final_vectors,
    unit_rows,
)
from kgrec.models.parts import NetworkParts, StepBatch


class LightKG(Network):
    """``e_k' = sum_r sum_{t in N_r(k)} alpha_r / sqrt(d_k d_t) e_t``; the result is the mean of the layers.

    Li et al. 2025, LightKG: Efficient Knowledge-Aware Recommendations with Simplified GNN Architecture,
    https://arxiv.org/abs/2506.10347. A relation is a pair of learned scalars, one for each direction, and
    interactions are a relation too. The contrastive layer pushes nodes apart that share few neighbours::

        mean_{a, b} (1 - 1 / sqrt(d_a d_b)) exp(cos(e_a, e_b) (1 - s(a, b)) / tau)

    with ``s`` the cosine of neighbourhoods (see ``CommonNeighbours``) and ``e`` the first layer: the step's
    users among each other, and the step's items against ``contrast_draws`` times as many random ones.

    Not confirmed in the text of the paper, but taken from the authors' code
    (https://github.com/1371149/LightKG): the normalisation, the whole contrast, and that it reads the first
    layer and not the last. Unlike that code, the contrast is a mean over pairs where the code sums (weights
    1e-8 and 1e-7 over the 2,040 rows of its steps on Last.FM are .04 and .4 here), the random items stand for
    BPR's negatives, and a node in reach by two relations counts twice in the ``d`` of the propagation.

    Cost: as the flagship, L products with ``(relation, source)`` pairs; the contrast adds two products
    ``(n, n, dim)`` for ``contrast_nodes`` = n.
    """

    constants = ("messages", "common")

    def __init__(self, propagation: Propagation, config: LightKGConfig) -> None:
        """
        Raises:
            ConfigError: a value of ``config`` is out of range.
        """
        super().__init__()
        if config.contrast_temperature <= 0 or config.contrast_nodes < 1 or config.contrast_draws < 1:
            raise ConfigError(
                "model.contrast_temperature, model.contrast_nodes and model.contrast_draws must be above 0"
            )
        self.n_users, self.n_items = propagation.n_users, propagation.n_items
        self.n_entities = propagation.n_entities
        self.config, self.scoring = config, checked_scoring(config.scoring)
        checked_choice("init", config.init, INITS)
        self.messages = propagation.relational("symmetric")
        self.common = CommonNeighbours.from_propagation(propagation)
        self.dropout = nn.Dropout(config.dropout)
        self.node = nn.Parameter(torch.empty(propagation.n_nodes, config.dim))
        self.scalar = nn.Parameter(torch.empty(len(propagation.relations), 1))
        self.reset_parameters()

    @classmethod
    def build(cls, config: LightKGConfig, parts: NetworkParts) -> "LightKG":
        """From ``config``; the graph is all that is read."""
        return cls(parts.propagation, config)

    def reset_parameters(self) -> None:
        """Nodes by ``init``, scalars by Xavier's rule."""
        sizes = (self.n_users, len(self.node) - self.n_users)
        draw_rows(self.node, self.config.init, self.config.init_std, sizes)
        nn.init.xavier_uniform_(self.scalar)

    def forward(self) -> NodeVectors:
        """Mean over layers for users and items."""
        current = self.dropout(self.node)
        total = current
        gates = self.scalar.expand(-1, self.config.dim)
        for _ in range(self.config.layers):
            current = self.messages(current, gates)
            total = total + current
        mean = total / (self.config.layers + 1)
        sizes = [self.n_users, self.n_items, self.n_entities]
        users, items, _ = mean.split(sizes)
        first_users, first_items, _ = self.node.split(sizes)
        return NodeVectors(
            users=final_vectors(users, self.scoring),
            items=final_vectors(items, self.scoring),
            knowledge=self.node[self.n_users :],
            relations=None,
            first_users=first_users,
            first_items=first_items,
        )

    def own_terms(self, vectors: NodeVectors, batch: StepBatch) -> dict[str, Tensor]:
        """``contrast_users`` and ``contrast_items`` over at most ``contrast_nodes`` rows of the batch."""
        config, terms = self.config, {}
        if config.contrast_users > 0:
            users = self._some(batch.users, batch.generator)
            terms["contrast_users"] = config.contrast_users * self._contrast(users, users)
        if config.contrast_items > 0:
            items = self._some(batch.items, batch.generator)
            size = (len(items) * config.contrast_draws,)
            others = torch.randint(self.n_items, size, generator=batch.generator, device=items.device)
            own, against = items + self.n_users, others + self.n_users
            terms["contrast_items"] = config.contrast_items * self._contrast(own, against)
        return terms

    def _some(self, rows: Tensor, generator: torch.Generator) -> Tensor:
        order = torch.randperm(len(rows), generator=generator, device=rows.device)
        return rows[order[: self.config.contrast_nodes]]

    def _contrast(self, left: Tensor, right: Tensor) -> Tensor:
        """The contrastive layer's mean for rows of ``node``, ``(a,)`` and ``(b,)``."""
        cosine = unit_rows(look_up(self.node, left)) @ unit_rows(look_up(self.node, right)).T
        apart = 1 - self.common.similarity(left, right)
        scale = self.common.scale
        weight = 1 - scale[left].unsqueeze(1) * scale[right]
        return (weight * torch.exp(cosine * apart / self.config.contrast_temperature)).mean()
