"""What a network is built from, and what a step gives it beside the forward pass."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from kgrec.data.sequences import Sequences
from kgrec.data.user_items import UserItems
from kgrec.features.fusion import FeatureFusion
from kgrec.graph.propagation import Propagation
from kgrec.graph.triples import KnowledgeTriples


@dataclass(frozen=True)
class NetworkParts:
    """Everything that a model may be made of; each takes what it needs."""

    propagation: Propagation
    """The graph of the train interactions and of the knowledge, as operators and as edges."""
    train: UserItems
    """Who had what."""
    triples: KnowledgeTriples | None = None
    """Known facts in the propagation's relations; None with ``kg=none``."""
    fusion: FeatureFusion | None = None
    """The first layer of text, KG embeddings and free vectors, for models that ``needs_features``."""
    sequences: Sequences | None = None
    """Who had what in which order, for models that ``reads_order``."""


class StepBatch(Protocol):
    """One step's interactions, as a network's own terms see them."""

    @property
    def users(self) -> Tensor:
        """``(batch,)`` int64 user rows."""
        ...

    @property
    def items(self) -> Tensor:
        """``(batch,)`` int64 item rows."""
        ...

    @property
    def weights(self) -> Tensor:
        """``(batch,)`` float32, w_ui."""
        ...

    @property
    def generator(self) -> torch.Generator:
        """Draws whatever a step draws; lives on the batch's device."""
        ...
