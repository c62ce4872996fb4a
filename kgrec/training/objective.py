"""Named loss terms and their weights, put together for a network and a batch."""

import logging
from dataclasses import dataclass

import torch
from torch import Tensor

from kgrec.data.user_items import UserItems
from kgrec.errors import ConfigError
from kgrec.graph.triples import KnowledgeTriples
from kgrec.look_up import look_up
from kgrec.losses.knowledge import pairwise_loss, triple_score
from kgrec.losses.l2 import l2_loss
from kgrec.losses.preference import weighted_mean
from kgrec.models.network import Network, NodeVectors
from kgrec.training.anchors import Anchors
from kgrec.training.batches import Batch
from kgrec.training.checks import check_objective
from kgrec.training.config import ObjectiveConfig
from kgrec.training.positives import Positives
from kgrec.training.preference_term import preference_term
from kgrec.training.search_terms import SearchTerms
from kgrec.training.text_term import TextTerm

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Objective:
    """``sum of weight * term`` over preference, knowledge (triple, anchored), text, search and L2.

    w_ui multiplies preference, anchored and text terms, which are normalised by the batch's sum of w. A term
    of weight 0 is neither computed nor reported; knowledge terms are off where there is no knowledge.
    """

    config: ObjectiveConfig
    positives: Positives
    triples: KnowledgeTriples | None
    anchors: Anchors | None
    text: TextTerm | None
    search: SearchTerms | None = None

    @classmethod
    def build(
        cls,
        config: ObjectiveConfig,
        train: UserItems,
        n_items: int,
        knowledge: KnowledgeTriples | None,
        text: Tensor | None,
        device: torch.device,
        answers: UserItems | None = None,
    ) -> "Objective":
        """``text`` ``(n_users + n_items + ..., d_text)`` are the nodes' text embeddings, users first, queries
        last; ``answers`` the items of every query, None without queries.

        Raises:
            ConfigError: a term has a name, a number or a missing input that nothing can be trained with.
        """
        check_objective(config)
        triples, anchors = _knowledge(config, knowledge, n_items, device)
        text_term = None
        if config.text.weight > 0:
            if text is None:
                raise ConfigError(
                    "objective.text.weight is set, but no node has text; switch on features.text"
                )
            item_text = text[train.n_users : train.n_users + n_items].to(device)
            text_term = TextTerm.build(config.text, train, item_text)
        preference = config.preference.loss != "none" and config.preference.weight > 0
        search = _search(config, answers, knowledge, text, device)
        if not preference and all(term is None for term in (triples, anchors, text_term, search)):
            raise ConfigError(
                "no term of the objective is on; set objective.preference.weight or another weight"
            )
        positives = Positives(train, device, config.preference.cold_negatives)
        return cls(config, positives, triples, anchors, text_term, search)

    def __call__(self, network: Network, batch: Batch) -> dict[str, Tensor]:
        """The weighted terms that are switched on, by name, and the network's own; one forward pass."""
        vectors, config = network.batch_vectors(batch.users), self.config
        terms: dict[str, Tensor] = {}
        if config.preference.loss not in ("none", "own") and config.preference.weight > 0:
            term = preference_term(config.preference, self.positives, network, vectors, batch)
            terms["preference"] = config.preference.weight * term
        if self.triples is not None:
            terms["triple"] = config.knowledge.triple * self._triple(vectors, batch, self.triples)
        if self.anchors is not None:
            terms["anchored"] = config.knowledge.anchored * self._anchored(vectors, batch, self.anchors)
        if self.text is not None:
            terms["text"] = config.text.weight * self.text(network, vectors, batch, self.positives)
        if self.search is not None:
            terms |= self.search(network, vectors, batch)
        if config.l2.weight > 0:
            terms["l2"] = config.l2.weight * self._l2(vectors, batch)
        terms |= network.own_terms(vectors, batch)
        if not terms:
            raise ConfigError(
                "objective.preference.loss is 'own', but the model has no loss of its own; use softmax"
            )
        return terms

    def _triple(self, vectors: NodeVectors, batch: Batch, triples: KnowledgeTriples) -> Tensor:
        config = self.config.knowledge
        if vectors.relations is None:
            raise ConfigError(
                "objective.knowledge.triple is set, but the model has no relation vectors; use model=kgrec"
            )
        head, relation, tail, corrupted, usable = triples.sample(config.triple_batch, batch.generator)
        h, r = look_up(vectors.knowledge, head), look_up(vectors.relations, relation)
        positive = triple_score(h, r, look_up(vectors.knowledge, tail), config.scorer)
        negative = triple_score(h, r, look_up(vectors.knowledge, corrupted), config.scorer)
        return weighted_mean(pairwise_loss(positive, negative), usable.to(positive))

    def _anchored(self, vectors: NodeVectors, batch: Batch, anchors: Anchors) -> Tensor:
        node, positive, found = anchors.reachable(batch.items, batch.generator)
        negative, fit = anchors.negatives(batch.users, node, self.positives, batch.generator)
        users = vectors.of_users(batch.users)
        scores = [(users * look_up(vectors.items, items)).sum(1) for items in (positive, negative)]
        return weighted_mean(pairwise_loss(*scores), batch.weights * (found & fit))

    def _l2(self, vectors: NodeVectors, batch: Batch) -> Tensor:
        first = self.config.l2.rows == "first"
        users = vectors.first_of_users(batch.users) if first else vectors.of_users(batch.users)
        items = look_up(vectors.first_items if first else vectors.items, batch.items)
        total = l2_loss(users, items)
        if self.search is None or vectors.queries is None or batch.queries is None:
            return total
        # First layers of queries are the last of the nodes' that facts are made of.
        queries = vectors.knowledge[-len(vectors.queries) :] if first else vectors.queries
        return total + look_up(queries, batch.queries[batch.queries >= 0]).square().sum() / len(batch.users)


def _search(
    config: ObjectiveConfig,
    answers: UserItems | None,
    knowledge: KnowledgeTriples | None,
    text: Tensor | None,
    device: torch.device,
) -> SearchTerms | None:
    """What queries are trained by; None where there are none, or no term of theirs is on."""
    wanted = config.search
    if max(wanted.preference, wanted.anchored, wanted.text) == 0:
        return None
    if answers is None:
        log.info("there are no queries: the terms of objective.search are off")
        return None
    of_queries = None if text is None else text[len(text) - answers.n_users :]
    return SearchTerms.build(wanted, config.text.temperature, answers, knowledge, of_queries, device)


def _knowledge(
    config: ObjectiveConfig, knowledge: KnowledgeTriples | None, n_items: int, device: torch.device
) -> tuple[KnowledgeTriples | None, Anchors | None]:
    """What the knowledge terms that are on draw from."""
    wanted = config.knowledge
    if knowledge is None:
        if wanted.triple > 0 or wanted.anchored > 0:
            log.info("there is no knowledge graph: the terms of objective.knowledge are off")
        return None, None
    triples = knowledge.to(device) if wanted.triple > 0 else None
    anchors = Anchors.from_triples(knowledge, n_items).to(device) if wanted.anchored > 0 else None
    return triples, anchors
