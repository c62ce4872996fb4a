"""The flagship: relation-gated propagation over users, items and entities from fused features."""

import torch
from torch import Tensor, nn

from kgrec.features.fusion import FeatureFusion
from kgrec.graph.propagation import Propagation
from kgrec.models.config import KgrecConfig
from kgrec.models.network import Network, NodeVectors, checked_scoring, final_vectors
from kgrec.models.parts import NetworkParts


class Kgrec(Network):
    """``x_v^(l+1) = sum_r sum_{s in N_r(v)} a_vs (x_s^(l) * g_r)`` from fused features; the mean of layers.

    ``g_r`` is one learned gate vector a relation and direction: which parts of a film's vector its actors
    should hear, and how loudly. Interactions are relations too. The linear propagation is LightGCN's
    (https://arxiv.org/abs/2002.02126), the diagonal relation transform that of R-GCN's block-diagonal
    decomposition with blocks of one (https://arxiv.org/abs/1703.06103) and KGIN's relational messages
    (https://arxiv.org/abs/2102.07057).

    Cost: L products with ``(relation, source)`` pairs forward and backward; no (edges, dim) tensor.
    """

    constants = ("messages",)

    def __init__(self, propagation: Propagation, fusion: FeatureFusion, config: KgrecConfig) -> None:
        super().__init__()
        self.n_users, self.n_items = propagation.n_users, propagation.n_items
        self.n_entities, self.n_queries = propagation.n_entities, propagation.n_queries
        self.config = config
        self.fusion = fusion
        self.dropout = nn.Dropout(config.dropout)
        self.messages = propagation.relational(config.normalisation)
        self.scoring = checked_scoring(config.scoring)
        self.register_buffer("is_interaction", propagation.is_interaction, persistent=False)
        shape = (len(propagation.relations), config.dim)
        self.gate = nn.Parameter(torch.empty(shape), requires_grad=config.gates)
        self.relation = nn.Parameter(torch.empty(shape))
        self.reset_parameters()

    @classmethod
    def build(cls, config: KgrecConfig, parts: NetworkParts) -> "Kgrec":
        """From ``config``.

        Raises:
            ValueError: the parts lack the fused first layer.
        """
        if parts.fusion is None:
            raise ValueError(f"{config.name} lacks its features")
        return cls(parts.propagation, parts.fusion, config)

    def reset_parameters(self) -> None:
        """Gates start at ``gate_init`` (interactions at 1), relations near 1, the fusion as it says."""
        self.fusion.reset_parameters()
        own = self.get_buffer("is_interaction").unsqueeze(1)
        with torch.no_grad():
            self.gate.copy_(torch.where(own, 1.0, self.config.gate_init).expand_as(self.gate))
            self.relation.normal_(mean=1.0, std=self.config.init_std)

    def forward(self) -> NodeVectors:
        """Fuse, propagate, average the layers."""
        first = self.dropout(self.fusion())
        total, current = first, first
        for _ in range(self.config.layers):
            current = self.messages(current, self.gate)
            total = total + current
        mean = total / (self.config.layers + 1)
        sizes = [self.n_users, self.n_items, self.n_entities]
        users, items, others = mean.split(sizes)
        queries = others[self.n_entities - self.n_queries :]
        first_users, first_items, _ = first.split(sizes)
        return NodeVectors(
            users=final_vectors(users, self.scoring),
            items=final_vectors(items, self.scoring),
            knowledge=first[self.n_users :],
            relations=self.relation,
            first_users=first_users,
            first_items=first_items,
            queries=final_vectors(queries, self.scoring) if self.n_queries else None,
        )

    def project_text(self, text: Tensor) -> Tensor | None:
        """Text in the model's space, by the fusion's own projection."""
        return self.fusion.project_text(text)
