"""What a fit gives, and where it keeps its files meanwhile."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from kgrec.models.base import FittedScorer
from kgrec.training.result import TrainingResult


@dataclass
class Fitted:
    """A trained model and what it took."""

    scorer: FittedScorer
    """Chosen on valid; what valid is reported of."""
    final: FittedScorer
    """What test is reported of and what serves: the refitted model, or ``scorer`` itself."""
    tensors: dict[str, Tensor]
    """What ``model.safetensors`` holds."""
    is_network: bool = False
    """Whether ``tensors`` are a network's parameters, which serve nobody by themselves."""
    training: TrainingResult = field(default_factory=TrainingResult)
    features: dict[str, Any] = field(default_factory=dict)
    """Where the first layer came from: seconds and cache hits of text and KG embeddings."""
    prepare_seconds: float = 0.0
    train_seconds: float = 0.0
    refit_seconds: float = 0.0


@dataclass(frozen=True)
class Places:
    """Where a fit keeps its files."""

    run: Path
    cache: Path
    device: torch.device
