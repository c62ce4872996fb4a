"""KGNN-LS: KGCN whose edge weights must also carry a person's labels to where they were held out."""

import torch
from torch import Tensor
from torch.nn import functional as F

from kgrec.errors import ConfigError
from kgrec.losses.preference import weighted_mean
from kgrec.models.config_attention import KGNNLSConfig
from kgrec.models.kgcn import KGCN
from kgrec.models.network import NodeVectors
from kgrec.models.parts import NetworkParts, StepBatch

UNKNOWN = 0.5
"""Label of entities, and of the item that is held out."""
LEAST = 1e-3
"""Predicted labels stay this far from 0 and 1, so that sure and wrong neighbours give a finite loss."""


class KGNNLS(KGCN):
    """KGCN and ``label_smoothness * J(y_ui, l_u(i))``: a held-out label predicted from its neighbours'.

    Wang et al. 2019, Knowledge-aware Graph Neural Networks with Label Smoothness Regularization for
    Recommender Systems, https://arxiv.org/abs/1905.04413. An item's label for a person is 1 if the person has
    it and 0 if not, an entity's is unknown. Labels travel along the edges that the person's attention weighs:
    ``l(v) = sum_k softmax_k(u . r_k) l(v_k)`` for unlabelled nodes, ``label_hops`` times, and the item that
    is asked about counts as unlabelled wherever it is met. J is the cross-entropy.

    Every interaction of a batch brings an item that the person lacks, drawn anew each step. The task needs
    knowledge: without it the term is left out.
    """

    constants = ("had",)

    def __init__(self, parts: NetworkParts, config: KGNNLSConfig) -> None:
        if config.label_hops < 1:
            raise ConfigError(f"model.label_hops is {config.label_hops}; use 1 or more")
        super().__init__(parts, config)
        self.label_smoothness = config.label_smoothness if parts.triples is not None else 0.0
        self.label_hops = config.label_hops
        users, items = torch.from_numpy(parts.train.user_of_pair()), torch.from_numpy(parts.train.items)
        self.had = users * self.n_items + items

    def own_terms(self, vectors: NodeVectors, batch: StepBatch) -> dict[str, Tensor]:
        """The label smoothness of the batch's items and of as many others.

        Memory: ``24 batch K^label_hops`` bytes; labels are single numbers.
        """
        if self.label_smoothness == 0:
            return {}
        other = torch.randint(
            self.n_items, batch.items.shape, generator=batch.generator, device=batch.items.device
        )
        items = torch.stack([batch.items, other], 1)
        truth = self.labels(batch.users, items)
        predicted = self.predicted_labels(vectors, batch.users, items).clamp(LEAST, 1 - LEAST)
        losses = F.binary_cross_entropy(predicted, truth, reduction="none").mean(1)
        return {"label_smoothness": self.label_smoothness * weighted_mean(losses, batch.weights)}

    def labels(self, users: Tensor, nodes: Tensor) -> Tensor:
        """1 for an item that the person has, 0 for another, ``UNKNOWN`` for an entity: users ``(batch,)``,
        nodes ``(batch, m)`` -> ``(batch, m)`` float."""
        key = users.unsqueeze(1) * self.n_items + nodes
        place = torch.searchsorted(self.had, key).clamp(max=len(self.had) - 1)
        has = (self.had[place] == key).to(self.node)
        return torch.where(nodes < self.n_items, has, UNKNOWN)

    def predicted_labels(self, vectors: NodeVectors, users: Tensor, items: Tensor) -> Tensor:
        """What the neighbours say of items ``(batch, n)`` whose own labels are held out -> ``(batch, n)``."""
        receptive, tables = self.receptive, self.tables(vectors, users)
        fields = receptive.fields(items, self.label_hops)
        # Fields list the hops of one item after those of another: whose hop a node is follows from its place.
        targets = [items.repeat_interleave(field.shape[1] // items.shape[1], 1) for field in fields]
        told = self._told(users, fields[-1], targets[-1])[0]
        for field, target in zip(fields[-2::-1], targets[-2::-1], strict=True):
            shares = receptive.attention(tables, field)
            heard = (shares * told.unflatten(1, shares.shape[1:])).sum(-1)
            labels, fixed = self._told(users, field, target)
            told = torch.where(fixed, labels, heard)
        return told

    def _told(self, users: Tensor, nodes: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Labels with the target held out, and where they are fixed; ``(batch, m)`` each."""
        fixed = (nodes < self.n_items) & (nodes != targets)
        return torch.where(fixed, self.labels(users, nodes), UNKNOWN), fixed
