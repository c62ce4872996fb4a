"""What every gradient model of kgrec gives the objective: vectors of all nodes at once."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from kgrec.errors import ConfigError
from kgrec.look_up import look_up
from kgrec.models.base import FittedScorer
from kgrec.models.vectors import VectorModel

if TYPE_CHECKING:
    from kgrec.models.parts import NetworkParts, StepBatch

SCORINGS = ("dot", "cosine")
SHORTEST = 1e-12
"""A row of zeros is divided by this, and stays zero."""


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
    queries: Tensor | None = field(default=None, kw_only=True)
    """``(n_queries, dim)``, final, where the model makes vectors of what people typed."""
    held: Tensor | None = field(default=None, kw_only=True)
    """``(n,)`` ascending user rows, where ``users`` and ``first_users`` hold some people only; None = all."""

    def of_users(self, users: Tensor) -> Tensor:
        """Final vectors of ``users`` ``(batch,)``, rows of all users: ``(batch, dim)``."""
        return look_up(self.users, self._places(users))

    def first_of_users(self, users: Tensor) -> Tensor:
        """First-layer vectors of ``users`` ``(batch,)``, rows of all users: ``(batch, dim)``."""
        return look_up(self.first_users, self._places(users))

    def _places(self, users: Tensor) -> Tensor:
        return users if self.held is None else torch.searchsorted(self.held, users.contiguous())


class Network(nn.Module, ABC):
    """A model trained by the trainer; unless it says otherwise its score is an inner product.

    What a paper adds beyond a forward pass has its place: a loss of its own in ``own_terms``, what it redraws
    or refreshes once an epoch in ``begin_epoch``, a score that is no inner product in ``pair_scores``.
    """

    n_users: int
    n_items: int
    inner_product: bool = True
    """Whether the score is ``users @ items.T``: what the softmax over all items needs."""
    leaves_out: bool = False
    """Whether a person's vector is made of their interactions, so that the loss of one must be read without
    it: see ``left_out``."""
    constants: tuple[str, ...] = ()
    """Attributes that follow the parameters to their device but are never saved: operators, facts."""

    @classmethod
    def build(cls, config: Any, parts: "NetworkParts") -> "Network":
        """A fresh network of ``config``, its parameters drawn from torch's global generator."""
        raise NotImplementedError(f"{cls.__name__} cannot be built from a configuration")

    @abstractmethod
    def forward(self) -> NodeVectors:
        """Vectors of every node after full-graph propagation."""

    def batch_vectors(self, users: Tensor) -> NodeVectors:
        """What a step over interactions of ``users`` ``(batch,)`` reads; a network that makes each person
        apart leaves out the others."""
        vectors: NodeVectors = self()
        return vectors

    @abstractmethod
    def reset_parameters(self) -> None:
        """Draw all parameters anew from torch's global generator."""

    def begin_epoch(self, generator: torch.Generator) -> None:
        """Called before every epoch: redraw views, refresh attention. ``generator`` depends on seed and epoch
        alone, so that a resumed run draws what an uninterrupted one would have drawn."""

    def own_terms(self, vectors: NodeVectors, batch: "StepBatch") -> dict[str, Tensor]:
        """Weighted loss terms of the model's own, by name; added to the objective's."""
        return {}

    def pair_scores(self, vectors: NodeVectors, users: Tensor, items: Tensor) -> Tensor:
        """Scores of chosen pairs: users ``(batch,)``, items ``(batch, n)`` -> ``(batch, n)``."""
        # By einsum this would be a product of matrices of one row each: four times slower with one negative.
        return (vectors.of_users(users).unsqueeze(1) * look_up(vectors.items, items)).sum(2)

    def left_out(self, vectors: NodeVectors, users: Tensor, items: Tensor, weights: Tensor) -> Tensor:
        """The people of train interactions, each without the item at hand, where ``leaves_out``: rows and
        weights of the pairs ``(batch,)`` -> ``(batch, dim)``."""
        raise NotImplementedError(f"{type(self).__name__} leaves no interaction out")

    def project_text(self, text: Tensor) -> Tensor | None:
        """Text embeddings ``(batch, d_text)`` in the model's space ``(batch, dim)``; None without text."""
        return None

    @torch.no_grad()
    def scorer(self) -> FittedScorer:
        """Copies of the trained vectors: what ranks, is saved and serves, whatever is trained on."""
        was_training = self.training
        self.eval()
        vectors = self()
        self.train(was_training)
        # Copies, because the vectors may be the parameters themselves, or views of one table.
        queries = None if vectors.queries is None else vectors.queries.clone()
        return VectorModel(vectors.users.clone(), vectors.items.clone(), queries)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "Network":
        super()._apply(fn, recurse)
        device = next(self.parameters()).device
        for name in self.constants:
            setattr(self, name, getattr(self, name).to(device))
        return self


def final_vectors(x: Tensor, scoring: str) -> Tensor:
    """``x`` ``(n, dim)`` as the score reads it: unit length for ``cosine``, unchanged for ``dot``."""
    if scoring != "cosine":
        return x
    return unit_rows(x)


def unit_rows(x: Tensor) -> Tensor:
    """``x / |x|`` by row, ``(n, dim)``; a row of zeros stays zero."""
    result: Tensor = _UnitRows.apply(x)
    return result


class _UnitRows(torch.autograd.Function):
    """y = x / |x| by row; dx = (dy - y (y . dy)) / |x|, and 0 for a row of zeros.

    All nodes are scaled at every step. Torch's own backward makes more passes over memory: 56 ms there and
    back where this takes 21 (145,000 rows of 64, two cores).
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        length = torch.linalg.vector_norm(x, dim=1, keepdim=True).clamp_(min=SHORTEST)
        unit = x / length
        ctx.save_for_backward(unit, length)
        return unit

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        unit, length = ctx.saved_tensors
        along = torch.linalg.vecdot(unit, grads[0]).unsqueeze(1)
        # A row of zeros has no direction to learn, and 1 / SHORTEST of it would drown all other gradients.
        length = length.masked_fill(length <= SHORTEST, torch.inf)
        return torch.addcmul(grads[0], unit, along, value=-1).div_(length)


def checked_scoring(scoring: str) -> str:
    """``scoring`` itself.

    Raises:
        ConfigError: it is neither dot nor cosine.
    """
    return checked_choice("scoring", scoring, SCORINGS)


def checked_choice(key: str, value: str, allowed: tuple[str, ...]) -> str:
    """``value`` of the key ``model.KEY`` itself.

    Raises:
        ConfigError: it is none of ``allowed``.
    """
    if value not in allowed:
        raise ConfigError(f"model.{key} is {value!r}; use {', '.join(allowed[:-1])} or {allowed[-1]}")
    return value
