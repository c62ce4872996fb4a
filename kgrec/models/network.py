"""What every gradient model of kgrec gives the objective: vectors of all nodes at once."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kgrec.errors import ConfigError
from kgrec.models.vectors import VectorModel

SCORINGS = ("dot", "cosine")


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
    """``(n_relations, dim)`` for the triple score, in the order of ``Propagation.relations``; or None."""
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
        """Copies of the trained vectors: what ranks, is saved and serves, whatever is trained on."""
        was_training = self.training
        self.eval()
        vectors = self()
        self.train(was_training)
        # Copies, because the vectors may be the parameters themselves, or views of one table.
        return VectorModel(vectors.users.clone(), vectors.items.clone())


def final_vectors(x: Tensor, scoring: str) -> Tensor:
    """``x`` ``(n, dim)`` as the score reads it: unit length for ``cosine``, unchanged for ``dot``."""
    return F.normalize(x, dim=1) if scoring == "cosine" else x


def checked_scoring(scoring: str) -> str:
    """``scoring`` itself.

    Raises:
        ConfigError: it is neither dot nor cosine.
    """
    if scoring not in SCORINGS:
        raise ConfigError(f"model.scoring is {scoring!r}; use {' or '.join(SCORINGS)}")
    return scoring
