"""Full ranking in user batches: the best k of all items, seen items left out, ties broken by a seeded
hash."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from kgrec.data.user_items import UserItems
from kgrec.models.base import Scorer
from kgrec.progress import progress

TIED_ROWS = 128
"""Rows whose ties are broken at once: at most 10 * TIED_ROWS * n_items bytes beside the scores."""


@dataclass(frozen=True)
class Ranking:
    """The best items of some users, best first."""

    users: np.ndarray
    """``(n,)`` user rows."""
    items: Tensor
    """``(n, k)`` int64 item rows; -1 where a user has fewer candidates."""
    scores: Tensor
    """``(n, k)`` float32; -inf where the item is -1."""


def rank(
    scorer: Scorer, users: np.ndarray, seen: UserItems | None, k: int, batch_size: int, tie_seed: int
) -> Ranking:
    """Rank every item for ``users`` ``(n,)``, leaving out each user's ``seen`` items.

    Memory: ``4 * batch_size * n_items`` bytes of scores and the result; never users x items.

    Raises:
        ValueError: a score is NaN.
    """
    users = np.asarray(users, np.int64)
    order = tie_order(scorer.n_items, tie_seed)
    found = []
    batches = [users[start : start + batch_size] for start in range(0, len(users), batch_size)]
    for batch in progress(batches, desc="ranking", unit="batch"):
        scores = scorer.scores(torch.from_numpy(batch))
        if seen is not None:
            position, items = seen.pairs_of(batch)
            where = (torch.from_numpy(position).to(scores.device), torch.from_numpy(items).to(scores.device))
            scores.index_put_(where, scores.new_tensor(-torch.inf))
        found.append(_best(scores, k, order.to(scores.device), batch))
    if not found:
        return Ranking(users, torch.empty(0, k, dtype=torch.int64), torch.empty(0, k))
    best_items, best = (torch.cat(column) for column in zip(*found, strict=True))
    return Ranking(users, best_items, best)


def top_items(scores: Tensor, k: int, tie_seed: int) -> tuple[Tensor, Tensor]:
    """The best ``k`` of ``scores`` ``(n, n_items)``: items ``(n, k)`` and their scores, as ``rank`` orders
    them."""
    order = tie_order(scores.shape[1], tie_seed).to(scores.device)
    return _best(scores, k, order, np.arange(len(scores)))


def tie_order(n_items: int, tie_seed: int) -> Tensor:
    """``(n_items,)`` a random place for every item: of two equal scores the smaller place comes first."""
    return torch.from_numpy(np.random.default_rng(tie_seed).permutation(n_items))


def _best(scores: Tensor, k: int, order: Tensor, users: np.ndarray) -> tuple[Tensor, Tensor]:
    n_items = scores.shape[1]
    deep = min(k + 1, n_items)
    best, items = torch.topk(scores, deep, dim=1)
    # topk puts NaN first, so that one look at the first column finds any.
    if torch.isnan(best[:, 0]).any():
        user = users[int(torch.isnan(best[:, 0]).nonzero()[0])]
        raise ValueError(f"the scores of user row {user} hold NaN: the model diverged or was not trained")
    if deep > k:
        # Equal scores on both sides of the cut: topk chose among them by memory order, so choose again.
        tied = ((best[:, k - 1] == best[:, k]) & (best[:, k] > -torch.inf)).nonzero().flatten()
        best, items = best[:, :k].clone(), items[:, :k].clone()
        for rows in tied.split(TIED_ROWS):
            items[rows] = _choose_tied(scores[rows], best[rows], items[rows], order)
    best, items = _sorted_ties(best, items, order)
    items = items.masked_fill(best == -torch.inf, -1)
    if deep < k:
        best = torch.nn.functional.pad(best, (0, k - deep), value=-torch.inf)
        items = torch.nn.functional.pad(items, (0, k - deep), value=-1)
    return items, best


def _sorted_ties(best: Tensor, items: Tensor, order: Tensor) -> tuple[Tensor, Tensor]:
    """Order equal scores by their place: a sort by place, then a stable sort by score."""
    by_place = order[items].argsort(dim=1)
    best, items = best.gather(1, by_place), items.gather(1, by_place)
    by_score = best.argsort(dim=1, descending=True, stable=True)
    return best.gather(1, by_score), items.gather(1, by_score)


def _choose_tied(scores: Tensor, best: Tensor, items: Tensor, order: Tensor) -> Tensor:
    """Items ``(r, k)`` of rows whose cut falls among equal scores: of those the first in ``order`` are taken.

    ``scores`` ``(r, n_items)``; ``best`` and ``items`` ``(r, k)`` as topk gave them, best first.
    """
    n_items, k = scores.shape[1], best.shape[1]
    cut = best[:, -1:]
    # A tied item's key is above 0 and the larger the earlier its place, so topk yields the ties in order.
    key = torch.where(scores == cut, (n_items - order).int(), 0)
    ties = key.topk(k, dim=1).indices
    nth_tie = torch.arange(k, device=scores.device) - (best > cut).sum(1, keepdim=True)
    return torch.where(nth_tie < 0, items, ties.gather(1, nth_tie.clamp(min=0)))
