"""Click-through rate: held-out pairs told from as many random ones, as knowledge-graph papers report it.

A sampled protocol: chance decides which items a positive must beat, most of them easy. It compares with
published values of the same protocol, never with the full ranking, and so its names end in ``/sampled1``.
"""

from collections.abc import Iterator

import numpy as np
import torch
from scipy.stats import rankdata

from kgrec.data.user_items import UserItems
from kgrec.models.base import Scorer

SEED = 0
"""Of the random items: the same for every model on one split."""


def ctr_metrics(scorer: Scorer, truth: UserItems, known: UserItems, batch_size: int) -> dict[str, float]:
    """AUC, accuracy and F1 over all pairs of ``truth`` and one random item that the user never had for each.

    Wang et al. 2019 (KGCN), https://arxiv.org/abs/1904.12575; Zou et al. 2022 (MCCLK),
    https://arxiv.org/abs/2204.08807. Accuracy and F1 take a pair for a click where ``sigmoid(score) >= .5``,
    so they say something of models whose scores are logits (``objective.preference.loss=bce``); AUC of any.
    Memory: ``4 batch_size n_items`` bytes and a number a pair.

    Raises:
        ValueError: there are no pairs to tell apart, because ``truth`` is empty or users have every item.
    """
    negatives = sampled_negatives(truth, known)
    if len(truth) == 0 or len(negatives) == 0:
        raise ValueError(f"{len(truth):,} positive and {len(negatives):,} negative pairs; both are needed")
    positive, negative = (pair_scores(scorer, pairs, batch_size) for pairs in (truth, negatives))
    scores = np.concatenate([positive, negative])
    labels = np.repeat([True, False], [len(positive), len(negative)])
    # The sigmoid is .5 at a score of 0.
    clicked = scores >= 0
    return {
        "auc/sampled1": auc(scores, labels),
        "accuracy/sampled1": float((clicked == labels).mean()),
        "f1/sampled1": f1(clicked, labels),
    }


def sampled_negatives(truth: UserItems, known: UserItems) -> UserItems:
    """As many items a user as ``truth`` has, uniform over those in neither ``truth`` nor ``known``, no two
    alike; all of those where a user has fewer. Depends on ``SEED`` and the two alone."""
    generator = np.random.default_rng(SEED)
    users = np.flatnonzero(truth.counts() > 0)
    found = [np.empty(0, np.int64)]
    for user in users.tolist():
        had = np.union1d(truth.of(user), known.of(user))
        free = truth.n_items - len(had)
        wanted = min(len(truth.of(user)), free)
        places = generator.choice(free, wanted, replace=False, shuffle=False)
        # The p-th item not had is p plus the had items below it; had[j] has had[j] - j free ones before it.
        found.append(places + np.searchsorted(had - np.arange(len(had)), places, side="right"))
    counts = [len(items) for items in found[1:]]
    return UserItems.from_pairs(
        np.repeat(users, counts), np.concatenate(found), (truth.n_users, truth.n_items)
    )


def pair_scores(scorer: Scorer, pairs: UserItems, batch_size: int) -> np.ndarray:
    """``(n_pairs,)`` float32, the scores of ``pairs`` in their order."""
    return np.concatenate([np.empty(0, np.float32), *_score_batches(scorer, pairs, batch_size)])


def _score_batches(scorer: Scorer, pairs: UserItems, batch_size: int) -> Iterator[np.ndarray]:
    users = np.flatnonzero(pairs.counts() > 0)
    for start in range(0, len(users), batch_size):
        batch = users[start : start + batch_size]
        position, items = pairs.pairs_of(batch)
        scores = scorer.scores(torch.from_numpy(batch))
        where = (torch.from_numpy(position).to(scores.device), torch.from_numpy(items).to(scores.device))
        yield scores[where].cpu().numpy()


def auc(scores: np.ndarray, labels: np.ndarray) -> float:
    """Share of (positive, negative) pairs in the right order, equal scores half: by ranks, ``(n,)`` each.

    ``(sum of the positives' ranks - P (P + 1) / 2) / (P N)``: Mann and Whitney 1947,
    https://doi.org/10.1214/aoms/1177730491.
    """
    n_positive = int(labels.sum())
    ranks = float(rankdata(scores)[labels].sum())
    return (ranks - n_positive * (n_positive + 1) / 2) / (n_positive * (len(labels) - n_positive))


def f1(clicked: np.ndarray, labels: np.ndarray) -> float:
    """``2 TP / (clicked + positives)``, ``(n,)`` bool each; 0 without either."""
    return float(2 * (clicked & labels).sum() / max(int(clicked.sum() + labels.sum()), 1))
