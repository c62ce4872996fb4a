"""What every gradient model of kgrec gives the objective: vectors of all nodes at once."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kgrec.models.vectors import VectorModel


@dataclass(frozen=True)
class NodeVectors:
    """One forward pass: the vectors that the loss terms read."""

    users: Tensor
    """``(n_users, dim)``, final; unit length where the model scores by cosine."""
    items: Tensor
    """``(n_items, dim)``, final; unit length where the model scores by cosine."""
    knowledge: Tensor
    """``(n_items + n_entities, dim)``, first layer: the ends of triples."""
    relations: Tensor | None
    """``(n_relations, dim)`` for the triple score, or None where the model has no graph."""
    first_users: Tensor
    """``(n_users, dim)``, first layer: what L2 may weigh."""
    first_items: Tensor
    """``(n_items, dim)``, first layer."""


class Network(nn.Module, ABC):
    """A model trained by the trainer; its score is an inner product of ``users`` and ``items``."""

    n_users: int
    n_items: int

    @abstractmethod
    def forward(self) -> NodeVectors:
        """Vectors of every node after full-graph propagation."""

    @abstractmethod
    def reset_parameters(self) -> None:
        """Draw all parameters anew from torch's global generator."""

    def project_text(self, text: Tensor) -> Tensor | None:
        """Text embeddings ``(batch, d_text)`` in the model's space ``(batch, dim)``; None without text."""
        return None

    @torch.no_grad()
    def scorer(self) -> VectorModel:
        """The trained vectors, detached: what ranks, is saved and serves."""
        was_training = self.training
        self.eval()
        vectors = self()
        self.train(was_training)
        return VectorModel(vectors.users.detach(), vectors.items.detach())


def final_vectors(x: Tensor, scoring: str) -> Tensor:
    """``x`` ``(n, dim)`` as the score reads it: unit length for ``cosine``, unchanged for ``dot``."""
    if scoring == "cosine":
        return F.normalize(x, dim=1)
    if scoring == "dot":
        return x
    raise ValueError(f"scoring is {scoring!r}; use dot or cosine")
