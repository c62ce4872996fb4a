"""MCCLK: who had what, similar items and knowledge as three views that are told to agree."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from kgrec.graph.hetero import INTERACTS
from kgrec.graph.propagation import Propagation, RelationalOperator
from kgrec.models.config_contrast import MCCLKConfig
from kgrec.models.init import INITS, draw_rows
from kgrec.models.item_graph import ItemGraph
from kgrec.models.lightgcn import layer_mean
from kgrec.models.network import (
    Network,
    NodeVectors,
    checked_choice,
    checked_scoring,
    final_vectors,
    unit_rows,
)
from kgrec.models.parts import NetworkParts, StepBatch
from kgrec.models.view_contrast import ViewContrast, Views


@dataclass(frozen=True)
class ViewVectors(NodeVectors):
    """One forward pass and the views that it was made of."""

    views: Views | None
    """None without knowledge."""


class MCCLK(Network):
    """Three views side by side, ``z_u = [g_u, c_u]``, ``z_i = [g_i, c_i + s_i]``, and contrasts among them.

    Zou et al. 2022, Multi-level Cross-view Contrastive Learning for Knowledge-aware Recommender System,
    https://arxiv.org/abs/2204.08807. Each view is a mean over layers. c, collaborative: LightGCN. s,
    semantic: ``S^l x``, S the graph of items with similar knowledge (``ItemGraph``), made from g anew when an
    epoch begins. g, structural: ``x_v^(l+1) = 1 / |N_v| sum_(r,w) e_r * x_w^(l)`` scaled to unit length,
    users from their items. Contrasts: ``ViewContrast``. Without knowledge the model is LightGCN.

    Apart from the paper: g has no attention over paths; the authors' code mixes S half and half with the
    graph of the free vectors, and drops edges and messages at random.

    Cost: LightGCN's products, those of the ``(relation, source)`` pairs, and contrasts of
    ``contrast_rows^2 dim`` a step; ``n_items^2 dim`` an epoch for the graph.
    """

    constants = ("adjacency", "messages")

    def __init__(self, propagation: Propagation, config: MCCLKConfig) -> None:
        super().__init__()
        self.config, self.scoring = config, checked_scoring(config.scoring)
        checked_choice("init", config.init, INITS)
        self.n_users, self.n_items = propagation.n_users, propagation.n_items
        self.has_knowledge = not bool(propagation.is_interaction.all())
        self.adjacency = propagation.bipartite()
        self.messages = knowledge_messages(propagation)
        self.register_buffer("is_interaction", propagation.is_interaction, persistent=False)
        self.node = nn.Parameter(torch.empty(propagation.n_nodes, config.dim))
        self.relation = nn.Parameter(torch.empty(len(propagation.relations), config.dim))
        self.similar = ItemGraph(self.n_items, config.neighbours)
        self.contrast = ViewContrast(config)
        self.reset_parameters()

    @classmethod
    def build(cls, config: MCCLKConfig, parts: NetworkParts) -> "MCCLK":
        """From ``config``.

        Raises:
            ConfigError: a value of ``config`` is out of range.
        """
        return cls(parts.propagation, config)

    def reset_parameters(self) -> None:
        """Nodes by ``init``; relations around 1 with ``init_std`` where that is normal, else by ``init`` as
        well; the similar items are those of these."""
        init, std = self.config.init, self.config.init_std
        draw_rows(self.node, init, std, (self.n_users, len(self.node) - self.n_users))
        if init == "normal":
            nn.init.normal_(self.relation, mean=1.0, std=std)
        else:
            draw_rows(self.relation, init, std)
        self.contrast.reset_parameters()
        self._find_similar()

    def begin_epoch(self, generator: torch.Generator) -> None:
        """Find the similar items anew by the present vectors; nothing is drawn."""
        self._find_similar()

    def forward(self) -> ViewVectors:
        """Final vectors ``(n, 2 dim)``; ``(n, dim)`` without knowledge."""
        first = self.node[: self.n_users + self.n_items]
        first_users, first_items = first.split([self.n_users, self.n_items])
        collaborative = layer_mean(self.adjacency, first, self.config.layers)
        views, final = None, collaborative
        if self.has_knowledge:
            semantic = layer_mean(self.similar.operator(), first_items, self.config.semantic_layers)
            views = Views(collaborative, semantic, self._structural()[: len(first)])
            final = torch.cat([views.structural, views.local()], 1)
        users, items = final_vectors(final, self.scoring).split([self.n_users, self.n_items])
        return ViewVectors(
            users=users,
            items=items,
            knowledge=self.node[self.n_users :],
            relations=self.relation,
            first_users=first_users,
            first_items=first_items,
            views=views,
        )

    def own_terms(self, vectors: NodeVectors, batch: StepBatch) -> dict[str, Tensor]:
        """``local`` and ``global``; neither without knowledge."""
        assert isinstance(vectors, ViewVectors)
        return {} if vectors.views is None else self.contrast(vectors.views, batch)

    def _structural(self) -> Tensor:
        """``(n_nodes, dim)``: g."""
        own = self.get_buffer("is_interaction").unsqueeze(1)
        gates = torch.where(own, 1.0, self.relation)
        total: Tensor = self.node
        current: Tensor = self.node
        for _ in range(self.config.hops):
            # A mean over many neighbours is short: at unit length the farther hops are heard as well.
            current = unit_rows(self.messages(current, gates))
            total = total + current
        return total / (self.config.hops + 1)

    @torch.no_grad()
    def _find_similar(self) -> None:
        if self.has_knowledge:
            self.similar.refresh(self._structural()[self.n_users : self.n_users + self.n_items])


def knowledge_messages(propagation: Propagation) -> RelationalOperator:
    """Means over all facts for items and entities, and over the items that they had for users.

    Items do not hear users, so that their vectors are made of knowledge alone.
    """
    wanted = set(propagation.relations) - {INTERACTS}
    source, target, relation, weight = propagation.edges(wanted, weighted=False)
    degree = torch.zeros(propagation.n_nodes).index_add_(0, target, weight)
    sizes = (propagation.n_nodes, len(propagation.relations))
    return RelationalOperator.from_edges(source, target, relation, weight / degree[target], *sizes)
