"""KGCL: LightGCN over knowledge-aware items, contrasted in views that the knowledge itself guides."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kgrec.errors import ConfigError
from kgrec.graph.csr import CSROperator
from kgrec.graph.views import InteractionViews
from kgrec.models.config_contrast import KGCLConfig
from kgrec.models.contrast import Sides, checked_share, checked_temperature, two_view_term
from kgrec.models.knowledge_attention import KnowledgeAttention
from kgrec.models.lightgcn import layer_mean
from kgrec.models.network import Network, NodeVectors, checked_scoring, final_vectors
from kgrec.models.parts import NetworkParts, StepBatch


class KGCL(Network):
    """LightGCN from user vectors and knowledge-aware item vectors, plus InfoNCE between two views.

    Yang et al. 2022, Knowledge Graph Contrastive Learning for Recommendation,
    https://arxiv.org/abs/2205.00976. Once an epoch two views of the knowledge are drawn; an item whose two
    vectors agree (``c_i``, their cosine) keeps more of its interactions in two views of those (see
    ``kept_chance``). A view's contrast vectors see its knowledge and its interactions.

    The TransE loss is the objective's ``knowledge.triple`` with ``scorer: transe``: part of each step's sum,
    of the distance. What differs in the authors' code (https://github.com/yuh-yang/KGCL-SIGIR22): TransE is
    trained before each epoch, of the squared distance; negatives of the contrast are all nodes; an item is
    dropped whole, its chance scaled by the mean over items and cut at .95. Without knowledge all items
    agree, which leaves SGL.

    Cost: three times LightGCN's products and three attention passes over the items' facts a step.
    """

    constants = ("adjacency", "interactions", "first_view", "second_view")
    first_facts: Tensor
    second_facts: Tensor

    def __init__(self, config: KGCLConfig, parts: NetworkParts) -> None:
        super().__init__()
        propagation = parts.propagation
        self.n_users, self.n_items = propagation.n_users, propagation.n_items
        self.config, self.scoring = _checked(config), checked_scoring(config.scoring)
        self.adjacency = propagation.bipartite()
        self.interactions = InteractionViews.from_propagation(propagation)
        # Until an epoch begins, no fact and no interaction is left out.
        self.first_view = self.second_view = self.adjacency
        self.user = nn.Parameter(torch.empty(self.n_users, config.dim))
        self.knowledge = nn.Parameter(torch.empty(self.n_items + propagation.n_entities, config.dim))
        self.relation = nn.Parameter(torch.empty(len(propagation.relations), config.dim))
        self.attention = KnowledgeAttention(parts, config.dim)
        for name in ("first_facts", "second_facts"):
            every = torch.ones(len(self.attention.edges), dtype=torch.bool)
            self.register_buffer(name, every, persistent=False)
        self.reset_parameters()

    @classmethod
    def build(cls, config: KGCLConfig, parts: NetworkParts) -> "KGCL":
        """From ``config``; without triples the items are free vectors.

        Raises:
            ConfigError: a share or the temperature is out of range.
        """
        return cls(config, parts)

    def reset_parameters(self) -> None:
        """Normal with standard deviation ``init_std``; the attention as it says."""
        for table in (self.user, self.knowledge, self.relation):
            nn.init.normal_(table, std=self.config.init_std)
        self.attention.reset_parameters()

    def forward(self) -> NodeVectors:
        """All facts, all interactions, the mean over layers."""
        users, items = self._seen_in(self.adjacency, None)
        return NodeVectors(
            users=final_vectors(users, self.scoring),
            items=final_vectors(items, self.scoring),
            knowledge=self.knowledge,
            relations=self.relation,
            first_users=self.user,
            first_items=self.knowledge[: self.n_items],
        )

    @torch.no_grad()
    def begin_epoch(self, generator: torch.Generator) -> None:
        """Draw two views of the facts, and from their agreement two of the interactions."""
        self.first_facts = self.attention.draw(self.config.fact_dropout, generator)
        self.second_facts = self.attention.draw(self.config.fact_dropout, generator)
        chance = self.kept_chance(self.consistency())
        self.first_view = self.interactions.drawn(chance, generator)
        self.second_view = self.interactions.drawn(chance, generator)

    def consistency(self) -> Tensor:
        """``c_i``: the cosine of each item's vectors in the two views of the facts, ``(n_items,)``."""
        first, second = (
            self.attention(self.knowledge, self.relation, facts)
            for facts in (self.first_facts, self.second_facts)
        )
        return F.cosine_similarity(first, second, dim=1)

    def kept_chance(self, consistency: Tensor) -> Tensor:
        """How likely each interaction is kept, ``(interactions,)``, from its item's ``(n_items,)``.

        ``w = exp(c_i)``, scaled to [0, 1] over the items and at least ``least_consistency``; then scaled
        once more so that the mean over the interactions is ``1 - interaction_dropout``, and cut at 1.
        """
        weight = consistency.exp()
        spread = weight.max() - weight.min()
        # Equal items, as without knowledge, are kept alike; rounding must not tell them apart.
        scaled = (weight - weight.min()) / spread if spread > 1e-5 else torch.ones_like(weight)
        of_interaction = scaled.clamp(min=self.config.least_consistency)[self.interactions.items]
        mean = of_interaction.mean().clamp(min=1e-12)
        return ((1 - self.config.interaction_dropout) * of_interaction / mean).clamp(max=1)

    def own_terms(self, vectors: NodeVectors, batch: StepBatch) -> dict[str, Tensor]:
        """``contrast``: users and items of the batch in the two views."""
        if self.config.contrast_weight == 0:
            return {}
        first = self._seen_in(self.first_view, self.first_facts)
        second = self._seen_in(self.second_view, self.second_facts)
        term = two_view_term(first, second, batch, self.config.contrast_temperature)
        return {"contrast": self.config.contrast_weight * term}

    def _seen_in(self, adjacency: CSROperator, facts: Tensor | None) -> Sides:
        """Users and items of one view, before they are scaled for the score."""
        items = self.attention(self.knowledge, self.relation, facts)
        first = torch.cat([self.user, items])
        users, items = layer_mean(adjacency, first, self.config.layers).split([self.n_users, self.n_items])
        return users, items


def _checked(config: KGCLConfig) -> KGCLConfig:
    checked_share(config.fact_dropout, "fact_dropout")
    checked_share(config.interaction_dropout, "interaction_dropout")
    checked_temperature(config.contrast_temperature)
    if not 0 <= config.least_consistency <= 1:
        raise ConfigError(f"model.least_consistency is {config.least_consistency}; use 0 to 1")
    return config
