"""What serves a trained RippleNet: nodes, matrices, the facts, and everybody's ripple sets."""

import torch
from torch import Tensor

from kgrec.graph.facts_of import FactsOf
from kgrec.models.network import SCORINGS
from kgrec.models.ripples import Weights, memories, responses, ripple_scores, ripples_from

CHUNK_BYTES = 64 * 2**20
"""Memory for the people who are scored at once."""
FACTS = ("heads", "relations", "tails", "starts")
"""The tensors of ``FactsOf``, in its order."""


class RippleNetScorer:
    """``s(u, i) = u_i . v_i`` for all items; see ``responses``.

    A person never seen in training gets ripple sets from the given items by the same rule as the known
    users: the own train items score exactly as the user. Weights are shares of the first ripple set; items
    of weight 0 or less have none. Someone without items scores 0 everywhere.

    Cost a person: ``2 n_items M dim`` multiplications a hop. Memory: ``CHUNK_BYTES``, or what one person
    takes, whatever the batch.
    """

    def __init__(self, weights: Weights, facts: FactsOf, ripples: Tensor, n_items: int, scoring: str) -> None:
        """``ripples`` ``(n_users, hops, M)`` are fact numbers, -1 for users without items."""
        self.weights, self.facts, self.ripples, self.scoring = weights, facts, ripples, scoring
        self.n_users, self.n_items = len(ripples), n_items

    @torch.no_grad()
    def scores(self, users: Tensor) -> Tensor:
        """``(batch,)`` user rows -> ``(batch, n_items)``."""
        return self._score(self.ripples[users.to(self.ripples.device)])

    @torch.no_grad()
    def scores_from_history(self, items: Tensor, weights: Tensor | None = None) -> Tensor:
        """``(m,)`` item rows and weights -> ``(n_items,)``; the order of the items does not matter."""
        items = items.to(self.ripples.device)
        share = torch.ones(len(items), device=items.device) if weights is None else weights.to(items.device)
        kept = share > 0
        items, order = items[kept].sort()
        bounds = torch.tensor([0, len(items)], device=items.device)
        _, hops, size = self.ripples.shape
        first = self.facts.sample(items, bounds, size, share[kept][order])
        return self._score(ripples_from(self.facts, first, hops))[0]

    def tensors(self) -> dict[str, Tensor]:
        """Nodes, matrices, facts, ripple sets, and of the options the place among their names."""
        options = torch.tensor([self.n_items, SCORINGS.index(self.scoring), int(self.weights.scored)])
        named = {"nodes": self.weights.nodes, "matrices": self.weights.relations, "ripples": self.ripples}
        if self.weights.update is not None:
            named["update"] = self.weights.update
        return named | {name: getattr(self.facts, name) for name in FACTS} | {"options": options}

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor]) -> "RippleNetScorer":
        """Rebuild from ``tensors()``."""
        # Two options in files of before ``transform_all``.
        n_items, scoring, *scored = tensors["options"].tolist()
        weights = Weights(tensors["nodes"], tensors["matrices"], tensors.get("update"), scored == [1])
        facts = FactsOf(*(tensors[name] for name in FACTS))
        return cls(weights, facts, tensors["ripples"], n_items, SCORINGS[scoring])

    def _score(self, ripples: Tensor) -> Tensor:
        """``ripples`` ``(batch, hops, M)`` -> ``(batch, n_items)``."""
        items = self.weights.nodes[: self.n_items]
        scores = items.new_empty(len(ripples), self.n_items)
        _, hops, size = ripples.shape
        row_bytes = 4 * (self.n_items * (2 * size + 4 * items.shape[1]) + 2 * hops * size * items.shape[1])
        step = max(1, CHUNK_BYTES // row_bytes)
        for first in range(0, len(ripples), step):
            chunk = ripples[first : first + step]
            people, asked = responses(items, memories(self.weights, self.facts, chunk), self.weights)
            known = chunk[:, 0, 0] >= 0
            scores[first : first + step] = ripple_scores(people, asked, known, self.scoring)
        return scores
