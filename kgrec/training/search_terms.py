"""The terms of what people typed: query, person and item trained together."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from kgrec.data.user_items import UserItems
from kgrec.errors import ConfigError
from kgrec.graph.triples import KnowledgeTriples
from kgrec.look_up import look_up
from kgrec.losses.knowledge import pairwise_loss
from kgrec.losses.preference import softmax_loss, weighted_mean
from kgrec.losses.text import text_loss
from kgrec.models.network import Network, NodeVectors
from kgrec.training.anchors import Anchors
from kgrec.training.batches import Batch
from kgrec.training.config import SearchTermsConfig
from kgrec.training.positives import Positives


@dataclass(frozen=True)
class SearchTerms:
    """Weighted terms over the interactions of a batch that came from a query; see ``SearchTermsConfig``.

    Person and query are added as in Ai et al. 2017, Learning a Hierarchical Embedding Model for Personalized
    Product Search, https://doi.org/10.1145/3077136.3080813.
    """

    config: SearchTermsConfig
    text_temperature: float
    answers: Positives
    """Which items each query led to, in train."""
    anchors: Anchors | None
    text: Tensor | None
    """``(n_queries, d_text)``, unit length."""

    @classmethod
    def build(
        cls,
        config: SearchTermsConfig,
        text_temperature: float,
        answers: UserItems,
        knowledge: KnowledgeTriples | None,
        text: Tensor | None,
        device: torch.device,
    ) -> "SearchTerms":
        """``answers``: queries stand where users do; ``text`` ``(n_queries, d_text)``.

        Raises:
            ConfigError: the text term is on and no query has text.
        """
        anchors = None
        if config.anchored > 0 and knowledge is not None:
            anchors = Anchors.from_triples(knowledge, answers.n_items).to(device)
        if config.text > 0 and text is None:
            raise ConfigError("objective.search.text is set, but queries have no text; use features.text")
        own = text.to(device) if config.text > 0 and text is not None else None
        return cls(config, text_temperature, Positives(answers, device), anchors, own)

    def __call__(self, network: Network, vectors: NodeVectors, batch: Batch) -> dict[str, Tensor]:
        """The terms that are on, by name, each a mean over the batch's queries with weights w_ui."""
        if batch.queries is None:
            return {}
        if vectors.queries is None:
            raise ConfigError(
                "objective.search is set, but the model makes no vectors of queries; use model=kgrec"
            )
        asked = (batch.queries >= 0).nonzero().squeeze(1)
        if len(asked) == 0:
            return self._nothing(vectors.queries)
        queries, users, items, weights = (
            column[asked] for column in (batch.queries, batch.users, batch.items, batch.weights)
        )
        own = look_up(vectors.queries, queries)
        terms: dict[str, Tensor] = {}
        if self.config.preference > 0:
            together = asked_by(vectors.of_users(users), own)
            pairs = torch.arange(len(asked), device=items.device), items
            losses = softmax_loss(together, vectors.items, pairs, self.config.temperature)
            terms["search"] = self.config.preference * weighted_mean(losses, weights)
        if self.anchors is not None:
            node, positive, found = self.anchors.reachable(items, batch.generator)
            negative, fit = self.anchors.negatives(queries, node, self.answers, batch.generator)
            scores = [(own * look_up(vectors.items, chosen)).sum(1) for chosen in (positive, negative)]
            term = weighted_mean(pairwise_loss(*scores), weights * (found & fit))
            terms["search_anchored"] = self.config.anchored * term
        if self.text is not None:
            terms["search_text"] = self.config.text * self._text(network, vectors, queries, items, weights)
        return terms

    def _nothing(self, queries: Tensor) -> dict[str, Tensor]:
        """The terms that are on at zero, so that every batch has the same terms and gradients."""
        on = {
            "search": self.config.preference > 0,
            "search_anchored": self.anchors is not None,
            "search_text": self.text is not None,
        }
        return {name: queries.sum() * 0.0 for name, wanted in on.items() if wanted}

    def _text(
        self, network: Network, vectors: NodeVectors, queries: Tensor, items: Tensor, weights: Tensor
    ) -> Tensor:
        assert self.text is not None
        projected = network.project_text(self.text[queries])
        if projected is None:
            raise ConfigError(
                "objective.search.text is set, but the model projects no text; use features.fusion.text=true"
            )
        distinct, target = items.unique(return_inverse=True)
        known = self.answers.within(queries, distinct)
        losses = text_loss(projected, look_up(vectors.items, distinct), target, self.text_temperature, known)
        return weighted_mean(losses, weights)


def asked_by(users: Tensor, queries: Tensor) -> Tensor:
    """A person with a query: the direction of the sum of the two vectors, ``(batch, dim)``."""
    return F.normalize(users + queries, dim=1)
