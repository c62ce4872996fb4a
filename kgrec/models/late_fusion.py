"""Late fusion: one list from several models, each with one weight."""

from collections.abc import Mapping

import torch
from torch import Tensor

from kgrec.models.base import FittedScorer
from kgrec.models.config import model_of

WEIGHT = "weight"


class LateFusion:
    """``s(u, i) = sum_m w_m s_m(u, i)`` over members that were trained apart.

    A ranking is not changed by what is added to all of a person's scores, so that a softmax's logarithm, at
    any temperature, is its score times a weight: weights are all that a fusion of a cosine and a regression
    needs.

    A member's label is its model's name, or that and ``-anything`` where two members are of one model.
    """

    def __init__(self, members: Mapping[str, FittedScorer], weights: Mapping[str, float]) -> None:
        """``members`` by label, at least one, and the weight of each label.

        Raises:
            ValueError: the members do not score the same users and items, or a weight is missing.
        """
        if members.keys() != weights.keys():
            raise ValueError(f"the members are {sorted(members)}, the weights {sorted(weights)}")
        sizes = {(member.n_users, member.n_items) for member in members.values()}
        if len(sizes) != 1:
            raise ValueError(f"the members score different numbers of (users, items): {sorted(sizes)}")
        # Sorted, because a sum of floats depends on its order and saved tensors come back in any.
        self.members = {label: members[label] for label in sorted(members)}
        self.weights = {label: float(weights[label]) for label in self.members}
        self.n_users, self.n_items = sizes.pop()

    def scores(self, users: Tensor) -> Tensor:
        """``(batch,)`` user rows -> ``(batch, n_items)``; holds two members' scores at once."""
        first, *others = self.members
        total = self.weights[first] * self.members[first].scores(users)
        for label in others:
            # A closed form scores on the CPU wherever the networks beside it were trained.
            total.add_(self.members[label].scores(users).to(total.device), alpha=self.weights[label])
        return total

    def scores_from_history(self, items: Tensor, weights: Tensor | None = None) -> Tensor:
        """``(m,)`` item rows and weights -> ``(n_items,)``."""
        scores = [
            self.weights[label] * member.scores_from_history(items, weights)
            for label, member in self.members.items()
        ]
        return torch.stack([each.to(scores[0].device) for each in scores]).sum(0)

    def tensors(self) -> dict[str, Tensor]:
        """Every member's tensors and weight, under its label."""
        named = {
            f"{label}/{name}": tensor
            for label, member in self.members.items()
            for name, tensor in member.tensors().items()
        }
        return named | {
            f"{label}/{WEIGHT}": torch.tensor(w, dtype=torch.float64) for label, w in self.weights.items()
        }

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor]) -> "LateFusion":
        """Rebuild from ``tensors()``."""
        # The factory knows every model, this one among them.
        from kgrec.models.factory import restore

        labels = {name.split("/")[0] for name in tensors}
        members, weights = {}, {}
        for label in labels:
            # Copies: a tensor inside a file starts anywhere, and sums depend on how memory is aligned.
            own = {
                name.removeprefix(f"{label}/"): value.clone()
                for name, value in tensors.items()
                if name.startswith(f"{label}/")
            }
            weights[label] = float(own.pop(WEIGHT))
            members[label] = restore(model_of(label), own)
        return cls(members, weights)
