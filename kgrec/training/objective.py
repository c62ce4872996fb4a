"""Named loss terms and their weights, put together for a network and a batch."""

from dataclasses import dataclass

import torch
from torch import Tensor

from kgrec.data.user_items import UserItems
from kgrec.errors import ConfigError
from kgrec.losses.knowledge import pairwise_loss, triple_score
from kgrec.losses.l2 import l2_loss
from kgrec.losses.preference import (
    bpr_loss,
    in_batch_logits,
    sampled_softmax_loss,
    softmax_loss,
    squared_loss,
    weighted_mean,
)
from kgrec.losses.text import text_loss
from kgrec.models.network import Network, NodeVectors
from kgrec.training.anchors import Anchors
from kgrec.training.batches import Batch
from kgrec.training.config import ObjectiveConfig
from kgrec.training.positives import Positives
from kgrec.training.triples import KnowledgeTriples

PREFERENCES = ("softmax", "sampled_softmax", "bpr", "squared", "none")


@dataclass(frozen=True)
class Objective:
    """``sum of weight * term`` over preference, knowledge (triple, anchored), text and L2.

    w_ui multiplies preference and text terms, which are normalised by the batch's sum of w.
    """

    config: ObjectiveConfig
    positives: Positives
    triples: KnowledgeTriples | None
    anchors: Anchors | None
    item_text: Tensor | None
    """``(n_items, d_text)``; zero rows where an item has no text."""

    @classmethod
    def build(
        cls,
        config: ObjectiveConfig,
        train: UserItems,
        n_items: int,
        knowledge: KnowledgeTriples | None,
        text: Tensor | None,
        device: torch.device,
    ) -> "Objective":
        """``text`` ``(n_users + n_items + ..., d_text)`` are the nodes' text embeddings, users first.

        Raises:
            ConfigError: a term has a name or a needed input that does not exist.
        """
        if config.preference.loss not in PREFERENCES:
            raise ConfigError(
                f"objective.preference.loss is {config.preference.loss!r}; use {', '.join(PREFERENCES)}"
            )
        triples = knowledge.to(device) if knowledge is not None and config.knowledge.triple > 0 else None
        anchors = None
        if knowledge is not None and config.knowledge.anchored > 0:
            anchors = Anchors.from_triples(knowledge, n_items).to(device)
        item_text = None
        if config.text.weight > 0:
            if text is None:
                raise ConfigError(
                    "objective.text.weight is set, but no node has text; switch on features.text"
                )
            item_text = text[train.n_users : train.n_users + n_items].to(device)
        return cls(config, Positives(train, device), triples, anchors, item_text)

    def __call__(self, network: Network, batch: Batch) -> dict[str, Tensor]:
        """The weighted terms that are switched on, by name."""
        vectors = network()
        terms = {}
        preference = self.config.preference
        if preference.loss != "none" and preference.weight > 0:
            terms["preference"] = preference.weight * self._preference(vectors, batch)
        if self.triples is not None and vectors.relations is not None:
            terms["triple"] = self.config.knowledge.triple * self._triple(vectors, batch, self.triples)
        if self.anchors is not None:
            terms["anchored"] = self.config.knowledge.anchored * self._anchored(vectors, batch, self.anchors)
        if self.item_text is not None:
            terms["text"] = self.config.text.weight * self._text(network, vectors, batch, self.item_text)
        if self.config.l2.weight > 0:
            terms["l2"] = self.config.l2.weight * self._l2(vectors, batch)
        return terms

    def _preference(self, vectors: NodeVectors, batch: Batch) -> Tensor:
        config, users = self.config.preference, vectors.users[batch.users]
        if config.loss == "squared":
            return self._squared(vectors, batch)
        if config.loss == "softmax":
            return self._softmax(vectors, batch)
        own = vectors.items[batch.items]
        positive = (users * own).sum(1)
        if config.loss == "sampled_softmax" and config.in_batch:
            log_q = (self.positives.frequency / self.positives.frequency.sum()).clamp(min=1e-12).log()
            logits = in_batch_logits(users @ own.T, log_q[batch.items], config.temperature)
            corrected = positive / config.temperature - log_q[batch.items]
            masked_items = self._in_batch_positives(batch)
            return weighted_mean(sampled_softmax_loss(corrected, logits, 1.0, masked_items), batch.weights)
        drawn = self.positives.negatives(batch.users, config.negatives, batch.generator)
        negatives = torch.einsum("bd,bnd->bn", users, vectors.items[drawn])
        if config.loss == "bpr":
            return weighted_mean(bpr_loss(positive, negatives), batch.weights)
        masked_drawn = self.positives.contains(batch.users.unsqueeze(1), drawn)
        losses = sampled_softmax_loss(positive, negatives, config.temperature, masked_drawn)
        return weighted_mean(losses, batch.weights)

    def _squared(self, vectors: NodeVectors, batch: Batch) -> Tensor:
        """All pairs of the batch's users; a user with n interactions comes n times an epoch, so counts 1 /
        n."""
        users, inverse = batch.users.unique(return_inverse=True)
        observed = self.positives.of(users)
        losses = squared_loss(
            vectors.users[users], vectors.items, observed, self.config.preference.unobserved_weight
        )
        counts = self.positives.indptr[users + 1] - self.positives.indptr[users]
        return (losses / counts)[inverse].sum() / batch.weights.sum()

    def _softmax(self, vectors: NodeVectors, batch: Batch) -> Tensor:
        config = self.config.preference
        distinct, row = batch.users.unique(return_inverse=True)
        known = self.positives.of(distinct)[:2] if config.mask_known else None
        pairs = (row, batch.items)
        losses = softmax_loss(vectors.users[distinct], vectors.items, pairs, config.temperature, known)
        return weighted_mean(losses, batch.weights)

    def _in_batch_positives(self, batch: Batch) -> Tensor:
        """``(batch, batch)``: the batch's items that each row's user has, its own target included."""
        return self.positives.contains(batch.users.unsqueeze(1), batch.items.unsqueeze(0))

    def _triple(self, vectors: NodeVectors, batch: Batch, triples: KnowledgeTriples) -> Tensor:
        config = self.config.knowledge
        assert vectors.relations is not None
        head, relation, tail, corrupted, usable = triples.sample(config.triple_batch, batch.generator)
        h, r = vectors.knowledge[head], vectors.relations[relation]
        positive = triple_score(h, r, vectors.knowledge[tail], config.scorer)
        negative = triple_score(h, r, vectors.knowledge[corrupted], config.scorer)
        return weighted_mean(pairwise_loss(positive, negative), usable.to(positive))

    def _anchored(self, vectors: NodeVectors, batch: Batch, anchors: Anchors) -> Tensor:
        positive, usable = anchors.reachable(batch.items, batch.generator)
        negative = self.positives.negatives(batch.users, 1, batch.generator)[:, 0]
        users = vectors.users[batch.users]
        scores = [(users * vectors.items[items]).sum(1) for items in (positive, negative)]
        return weighted_mean(pairwise_loss(*scores), batch.weights * usable)

    def _text(self, network: Network, vectors: NodeVectors, batch: Batch, item_text: Tensor) -> Tensor:
        """A person's text without the target: the sum over the other train items (cosine makes it a mean)."""
        row, item, _ = self.positives.of(batch.users)
        other = item != batch.items[row]
        sums = item_text.new_zeros(len(batch.users), item_text.shape[1])
        sums = sums.index_add(0, row[other], item_text[item[other]])
        projected = network.project_text(torch.nn.functional.normalize(sums, dim=1))
        if projected is None:
            raise ConfigError("objective.text.weight is set, but the model has no text; use model=kgrec")
        usable = sums.norm(dim=1) > 1e-6
        losses = text_loss(
            projected,
            vectors.items[batch.items],
            self.config.text.temperature,
            self._in_batch_positives(batch),
        )
        return weighted_mean(losses, batch.weights * usable)

    def _l2(self, vectors: NodeVectors, batch: Batch) -> Tensor:
        if self.config.l2.rows == "first":
            return l2_loss(vectors.first_users[batch.users], vectors.first_items[batch.items])
        if self.config.l2.rows == "final":
            return l2_loss(vectors.users[batch.users], vectors.items[batch.items])
        raise ConfigError(f"objective.l2.rows is {self.config.l2.rows!r}; use first or final")
