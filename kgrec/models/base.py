"""What every model of kgrec can do: score items for known users and for a history given on the spot."""

from typing import Protocol, runtime_checkable

from torch import Tensor


@runtime_checkable
class Scorer(Protocol):
    """Scores every item for a batch of users; baselines, networks and fusions alike."""

    n_users: int
    n_items: int

    def scores(self, users: Tensor) -> Tensor:
        """Scores of all items: ``(batch,)`` int64 user rows -> ``(batch, n_items)`` float32."""
        ...

    def scores_from_history(self, items: Tensor, weights: Tensor | None = None) -> Tensor:
        """Scores for a person never seen in training: ``(m,)`` item rows and weights -> ``(n_items,)``."""
        ...


@runtime_checkable
class VectorScorer(Scorer, Protocol):
    """A Scorer whose score is an inner product: what a vector index can hold."""

    user_vectors: Tensor
    """``(n_users, dim)``"""
    item_vectors: Tensor
    """``(n_items, dim)``; ``scores(u) == user_vectors[u] @ item_vectors.T``"""


class FittedScorer(Scorer, Protocol):
    """A Scorer that can be saved as named tensors (safetensors) and rebuilt from them: no pickles."""

    def tensors(self) -> dict[str, Tensor]:
        """Everything that ``from_tensors`` needs."""
        ...

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor]) -> "FittedScorer":
        """Rebuild a scorer that scores exactly as the saved one."""
        ...
