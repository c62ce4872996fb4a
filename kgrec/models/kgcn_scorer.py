"""What serves a trained KGCN or KGNN-LS: the tables, the sampled neighbours and the layers."""

import torch
from torch import Tensor
from torch.nn import functional as F

from kgrec.models.network import SCORINGS
from kgrec.models.receptive import AGGREGATORS, Receptive, Tables

CHUNK_BYTES = 64 * 2**20
"""Memory for the people who are scored at once."""


class KGCNScorer:
    """``s(u, i) = u . v^u`` for all items, by the layers of ``Receptive``.

    A person never seen in training gets, as from vectors, the direction of ``sum_i w_i v_i`` over the
    history's items at the mean length of the known users; ``v_i`` is the item as the average user sees it.
    An empty history is the average user.

    Cost a person: ``n_items K dim`` multiplications with one layer; each further one costs ``dim (K + dim)``
    for every item and entity. Memory: ``CHUNK_BYTES``, or what one person takes, whatever the batch.
    """

    def __init__(self, tables: Tables, receptive: Receptive, n_items: int, scoring: str) -> None:
        """``tables.users`` ``(n_users, dim)`` are all users."""
        self.tables, self.receptive, self.scoring = tables, receptive, scoring
        self.n_users, self.n_items = len(tables.users), n_items

    @torch.no_grad()
    def scores(self, users: Tensor) -> Tensor:
        """``(batch,)`` user rows -> ``(batch, n_items)``."""
        return self._score(self.tables.users[users.to(self.tables.users.device)])

    @torch.no_grad()
    def scores_from_history(self, items: Tensor, weights: Tensor | None = None) -> Tensor:
        """``(m,)`` item rows and weights -> ``(n_items,)``."""
        known = self.tables.users
        average = known.mean(0, keepdim=True)
        if len(items) == 0:
            return self._score(average)[0]
        rows = items.to(known.device).unsqueeze(0)
        seen = self._final(self.receptive.of_pairs(self.tables._replace(users=average), rows)[0])
        direction = seen.sum(0) if weights is None else weights.to(seen) @ seen
        length = known.norm(dim=1).mean()
        return self._score((direction * (length / direction.norm().clamp(min=1e-12))).unsqueeze(0))[0]

    def tensors(self) -> dict[str, Tensor]:
        """Tables, neighbours, layers, and the places of ``aggregator`` and ``scoring`` among their names."""
        receptive = self.receptive
        options = (self.n_items, AGGREGATORS.index(receptive.aggregator), SCORINGS.index(self.scoring))
        return self.tables._asdict() | {
            "neighbours": receptive.neighbours,
            "relation_of": receptive.relation_of,
            "weight": receptive.weight,
            "bias": receptive.bias,
            "options": torch.tensor(options),
        }

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor]) -> "KGCNScorer":
        """Rebuild from ``tensors()``."""
        n_items, aggregator, scoring = tensors["options"].tolist()
        tables = Tables(*(tensors[name] for name in Tables._fields))
        receptive = Receptive(
            tensors["neighbours"],
            tensors["relation_of"],
            tensors["weight"],
            tensors["bias"],
            AGGREGATORS[aggregator],
        )
        return cls(tables, receptive, n_items, SCORINGS[scoring])

    def _score(self, people: Tensor) -> Tensor:
        """``people`` ``(batch, dim)``, as the attention reads them -> ``(batch, n_items)``."""
        scores = people.new_empty(len(people), self.n_items)
        size = max(1, CHUNK_BYTES // self.receptive.row_bytes(self.n_items))
        for first in range(0, len(people), size):
            chunk = people[first : first + size]
            seen = self.receptive.of_all(self.tables._replace(users=chunk), self.n_items)
            scores[first : first + size] = torch.einsum("bid,bd->bi", self._final(seen), self._final(chunk))
        return scores

    def _final(self, x: Tensor) -> Tensor:
        return F.normalize(x, dim=-1) if self.scoring == "cosine" else x
