"""A scorer that is two tables of vectors: what every gradient model becomes once it is trained."""

from torch import Tensor


class VectorModel:
    """Scores by inner product, ``s(u, i) = z_u . y_i``.

    A person never seen in training gets the direction of ``sum_i w_i y_i`` over the history's items, at the
    mean length of the known users' vectors, so that scores are comparable with theirs.
    """

    def __init__(
        self, user_vectors: Tensor, item_vectors: Tensor, query_vectors: Tensor | None = None
    ) -> None:
        """``user_vectors`` ``(n_users, dim)``, ``item_vectors`` ``(n_items, dim)``; ``query_vectors``
        ``(n_queries, dim)`` where queries were nodes of the graph."""
        if user_vectors.shape[1] != item_vectors.shape[1]:
            raise ValueError(f"users have {user_vectors.shape[1]} dims, items {item_vectors.shape[1]}")
        self.user_vectors = user_vectors
        self.item_vectors = item_vectors
        self.query_vectors = query_vectors
        self.n_users = len(user_vectors)
        self.n_items = len(item_vectors)

    def scores(self, users: Tensor) -> Tensor:
        """``(batch,)`` user rows -> ``(batch, n_items)``."""
        return self.user_vectors[users.to(self.user_vectors.device)] @ self.item_vectors.T

    def vector_from_history(self, items: Tensor, weights: Tensor | None = None) -> Tensor:
        """The vector ``(dim,)`` of a person with this history, ``items`` and ``weights`` ``(m,)``."""
        if len(items) == 0:
            return self.user_vectors.mean(0)
        rows = self.item_vectors[items.to(self.item_vectors.device)]
        direction = rows.sum(0) if weights is None else weights.to(rows) @ rows
        length = self.user_vectors.norm(dim=1).mean()
        return direction * (length / direction.norm().clamp(min=1e-12))

    def scores_from_history(self, items: Tensor, weights: Tensor | None = None) -> Tensor:
        """``(m,)`` item rows -> ``(n_items,)``; an empty history gets the average user's scores."""
        return self.item_vectors @ self.vector_from_history(items, weights)

    def tensors(self) -> dict[str, Tensor]:
        """The tables, by name."""
        tables = {"user_vectors": self.user_vectors, "item_vectors": self.item_vectors}
        return tables if self.query_vectors is None else tables | {"query_vectors": self.query_vectors}

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor]) -> "VectorModel":
        """Rebuild from ``tensors()``."""
        return cls(tensors["user_vectors"], tensors["item_vectors"], tensors.get("query_vectors"))
