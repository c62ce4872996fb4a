"""SGL: LightGCN that also tells each node apart in two views of the graph with edges left out."""

import torch
from torch import Tensor

from kgrec.graph.csr import CSROperator
from kgrec.graph.views import InteractionViews
from kgrec.models.config_contrast import SGLConfig
from kgrec.models.contrast import Sides, checked_share, checked_temperature, two_view_term
from kgrec.models.lightgcn import LightGCN, layer_mean
from kgrec.models.network import NodeVectors
from kgrec.models.parts import NetworkParts, StepBatch


class SGL(LightGCN):
    """LightGCN's vectors, and ``lambda`` times InfoNCE between two views with edges dropped (SGL-ED).

    Wu et al. 2021, Self-supervised Graph Learning for Recommendation, https://arxiv.org/abs/2010.10783. Both
    views are drawn anew each epoch and are the same for all its layers. Each interaction is dropped
    independently. Negatives are the batch's other nodes, where the paper's sum is over all nodes.

    Cost: three times LightGCN's products a step, one pass over the edges per view and epoch.
    """

    constants = ("adjacency", "interactions", "first_view", "second_view")

    def __init__(self, config: SGLConfig, parts: NetworkParts) -> None:
        super().__init__(parts.propagation, config.dim, config.layers, config.scoring, config.init_std)
        self.dropout = checked_share(config.edge_dropout, "edge_dropout")
        self.weight = config.contrast_weight
        self.temperature = checked_temperature(config.contrast_temperature)
        self.interactions = InteractionViews.from_propagation(parts.propagation)
        # Until an epoch begins, nothing is left out.
        self.first_view = self.second_view = self.adjacency

    @classmethod
    # Each network is built from its own configuration, which is none of LightGCN's.
    def build(cls, config: SGLConfig, parts: NetworkParts) -> "SGL":  # type: ignore[override]
        """From ``config``; only the interactions are read.

        Raises:
            ConfigError: the dropout or the temperature is out of range.
        """
        return cls(config, parts)

    def begin_epoch(self, generator: torch.Generator) -> None:
        """Draw both views."""
        self.first_view = self.interactions.random(self.dropout, generator)
        self.second_view = self.interactions.random(self.dropout, generator)

    def own_terms(self, vectors: NodeVectors, batch: StepBatch) -> dict[str, Tensor]:
        """``contrast``: users and items of the batch in the two views."""
        if self.weight == 0:
            return {}
        first, second = (self._seen_in(view) for view in (self.first_view, self.second_view))
        return {"contrast": self.weight * two_view_term(first, second, batch, self.temperature)}

    def _seen_in(self, view: CSROperator) -> Sides:
        users, items = layer_mean(view, self.node, self.layers).split([self.n_users, self.n_items])
        return users, items
