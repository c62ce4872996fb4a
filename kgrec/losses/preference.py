"""Which items a person prefers: losses per interaction, to be averaged by ``weighted_mean``."""

import torch
from torch import Tensor
from torch.nn import functional as F

from kgrec.look_up import look_up
from kgrec.losses.logsumexp import Pairs, score_logsumexp


def weighted_mean(losses: Tensor, weights: Tensor) -> Tensor:
    """``sum_b w_b l_b / sum_b w_b`` of ``(batch,)`` losses; 0 where all weights are 0."""
    return (losses * weights).sum() / weights.sum().clamp(min=1e-12)


def bpr_loss(positive: Tensor, negatives: Tensor, masked: Tensor | None = None) -> Tensor:
    """``softplus(s_neg - s_pos)``, mean over the negatives.

    Rendle et al. 2009, https://arxiv.org/abs/1205.2618. ``positive`` ``(batch,)``, ``negatives`` ``(batch,
    n)``, ``masked`` ``(batch, n)`` bool leaves out negatives that are positives -> ``(batch,)``, 0 where
    none is left.
    """
    losses = F.softplus(negatives - positive.unsqueeze(1))
    if masked is None:
        return losses.mean(1)
    return losses.masked_fill(masked, 0.0).sum(1) / (~masked).sum(1).clamp(min=1)


def bce_loss(positive: Tensor, negatives: Tensor, masked: Tensor | None = None) -> Tensor:
    """``softplus(-s_pos) + mean_j softplus(s_j)``: binary cross entropy, one positive and its negatives.

    ``positive`` ``(batch,)``, ``negatives`` ``(batch, n)``, ``masked`` ``(batch, n)`` bool leaves out
    negatives that are positives -> ``(batch,)``. Click-through models are trained with it.
    """
    losses = F.softplus(negatives)
    if masked is None:
        return F.softplus(-positive) + losses.mean(1)
    kept = losses.masked_fill(masked, 0.0).sum(1) / (~masked).sum(1).clamp(min=1)
    return F.softplus(-positive) + kept


def sampled_softmax_loss(
    positive: Tensor, negatives: Tensor, temperature: float, masked: Tensor | None = None
) -> Tensor:
    """``-log exp(s_pos / tau) / (exp(s_pos / tau) + sum_j exp(s_j / tau))`` over uniform negatives.

    ``positive`` ``(batch,)``; ``negatives`` ``(batch, n)``; ``masked`` ``(batch, n)`` bool leaves out
    negatives that are positives. -> ``(batch,)``. Uniform negatives need no logQ correction: it would add
    the same number to each.
    """
    logits = negatives / temperature
    if masked is not None:
        logits = logits.masked_fill(masked, -torch.inf)
    own = positive.unsqueeze(1) / temperature
    return torch.logsumexp(torch.cat([own, logits], 1), 1) - own.squeeze(1)


def shared_softmax_loss(
    users: Tensor, negatives: Tensor, positive: Tensor, row: Tensor, temperature: float, known: Pairs
) -> Tensor:
    """``-log exp(s_pos / tau) / (exp(s_pos / tau) + sum_j exp(s_j / tau))``, one sample for the whole batch.

    ``users`` ``(n, dim)`` are the batch's distinct users, ``negatives`` ``(m, dim)`` the sample; ``positive``
    ``(batch,)`` scores and the ``row`` of their users; ``known``: (row ascending, place in the sample) pairs
    that are no negatives of that user. -> ``(batch,)``. The sum over negatives depends on the user alone, and
    is one matrix product: a thousand shared negatives cost less than sixteen for each interaction.
    """
    others = score_logsumexp(users, negatives, temperature, hidden=known)
    own = positive / temperature
    return torch.logaddexp(look_up(others, row), own) - own


def in_batch_softmax_loss(
    users: Tensor, items: Tensor, pairs: Pairs, temperature: float, log_q: Tensor, known: Pairs
) -> Tensor:
    """Softmax over the batch's own items, each score corrected to ``s / tau - log q_j``.

    Corrects for items that are negatives as often as they are bought: Yi et al. 2019,
    https://doi.org/10.1145/3298689.3346996. ``users`` ``(n, dim)`` and ``items`` ``(m, dim)`` are the
    batch's distinct ones, ``log_q`` ``(m,)``; ``pairs``: (row in users, row in items), ``(batch,)`` each;
    ``known``: (row ascending, row in items) pairs that are no negatives of that user, the own item among
    them. -> ``(batch,)``. An item that occurs c times in the batch is c negatives, so that ``log c`` joins
    its score: the same number as from a ``(batch, batch)`` matrix, in ``4 n m`` bytes.
    """
    row, item = pairs
    copies = torch.bincount(item, minlength=len(items)).to(log_q)
    others = score_logsumexp(users, items, temperature, copies.log() - log_q, known)
    own = _own_scores(users, items, pairs) / temperature - log_q[item]
    return torch.logaddexp(look_up(others, row), own) - own


def softmax_loss(users: Tensor, items: Tensor, pairs: Pairs, temperature: float) -> Tensor:
    """``-log exp(z_u . y_i / tau) / sum_j exp(z_u . y_j / tau)`` over all items.

    ``users`` ``(n, dim)`` are the batch's distinct users, ``items`` ``(n_items, dim)``; ``pairs``: (row in
    ``users``, item), each ``(batch,)`` -> ``(batch,)``. The denominator depends on the user alone, so it is
    made once a user, not once an interaction: four times fewer on MovieLens-100K. Without a person's other
    items in the denominator it is ``shared_softmax_loss`` of all items. Memory: see ``score_logsumexp``.
    """
    own = _own_scores(users, items, pairs) / temperature
    return look_up(score_logsumexp(users, items, temperature), pairs[0]) - own


def _own_scores(users: Tensor, items: Tensor, pairs: Pairs) -> Tensor:
    row, item = pairs
    return (look_up(users, row) * look_up(items, item)).sum(1)


def squared_loss(
    users: Tensor, items: Tensor, observed: tuple[Tensor, Tensor, Tensor], unobserved_weight: float
) -> Tensor:
    """``1/2 sum_i w_ui (x_ui - z_u . y_i)^2`` over all items, for each user ``(batch,)``.

    x is 1 where observed and 0 elsewhere; unobserved pairs share the weight w0. By the Gram matrix: ``w0 z'
    (Y'Y) z`` is the sum over all items, to which each observed pair adds ``w (1 - s)^2 - w0 s^2``. Hu,
    Koren, Volinsky 2008, https://doi.org/10.1109/ICDM.2008.22. ``users`` ``(batch, dim)``, ``items``
    ``(n_items, dim)``; ``observed``: (row in the batch, item, weight), each ``(m,)``. Memory: ``8 m dim``
    bytes, never batch x items.
    """
    row, item, weight = observed
    everywhere = unobserved_weight * ((users @ (items.T @ items)) * users).sum(1)
    score = (look_up(users, row) * look_up(items, item)).sum(1)
    correction = weight * (1 - score).square() - unobserved_weight * score.square()
    return 0.5 * everywhere.index_add(0, row, correction)
