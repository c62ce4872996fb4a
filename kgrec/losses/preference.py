"""Which items a person prefers: losses per interaction, to be averaged by ``weighted_mean``."""

import torch
from torch import Tensor
from torch.nn import functional as F


def weighted_mean(losses: Tensor, weights: Tensor) -> Tensor:
    """``sum_b w_b l_b / sum_b w_b`` of ``(batch,)`` losses; 0 where all weights are 0."""
    return (losses * weights).sum() / weights.sum().clamp(min=1e-12)


def bpr_loss(positive: Tensor, negatives: Tensor) -> Tensor:
    """``softplus(s_neg - s_pos)``, mean over the negatives.

    Rendle et al. 2009, https://arxiv.org/abs/1205.2618. ``positive`` ``(batch,)``, ``negatives`` ``(batch,
    n)`` -> ``(batch,)``.
    """
    return F.softplus(negatives - positive.unsqueeze(1)).mean(1)


def sampled_softmax_loss(
    positive: Tensor, negatives: Tensor, temperature: float, masked: Tensor | None = None
) -> Tensor:
    """``-log exp(s_pos / tau) / (exp(s_pos / tau) + sum_j exp(s_j / tau))`` over sampled negatives.

    ``positive`` ``(batch,)``; ``negatives`` ``(batch, n)``, or ``(batch, n)`` logits already corrected by
    logQ; ``masked`` ``(batch, n)`` bool leaves out negatives that are positives. -> ``(batch,)``.
    """
    logits = negatives / temperature
    if masked is not None:
        logits = logits.masked_fill(masked, -torch.inf)
    own = positive.unsqueeze(1) / temperature
    return torch.logsumexp(torch.cat([own, logits], 1), 1) - own.squeeze(1)


def in_batch_logits(scores: Tensor, log_q: Tensor, temperature: float) -> Tensor:
    """``s / tau - log q_j``: corrects for items that are drawn as negatives as often as they are bought.

    Yi et al. 2019, https://doi.org/10.1145/3298689.3346996. ``scores`` ``(batch, n)``, ``log_q`` ``(n,)``.
    """
    return scores / temperature - log_q


def softmax_loss(
    users: Tensor,
    items: Tensor,
    pairs: tuple[Tensor, Tensor],
    temperature: float,
    known: tuple[Tensor, Tensor] | None,
) -> Tensor:
    """``-log exp(z_u . y_i / tau) / sum_j exp(z_u . y_j / tau)`` over all items.

    ``users`` ``(n, dim)`` are the batch's distinct users, ``items`` ``(n_items, dim)``; ``pairs``: (row in
    ``users``, item), each ``(batch,)`` -> ``(batch,)``. The denominator depends on the user alone, so it is
    made once a user, not once an interaction: four times fewer on MovieLens-100K. ``known``: (row, item)
    pairs left out of the denominator; each interaction's own item is added back. Memory: ``12 n n_items``
    bytes.
    """
    row, item = pairs
    logits = users @ items.T / temperature
    own = logits[row, item]
    if known is None:
        return torch.logsumexp(logits, 1)[row] - own
    others = torch.logsumexp(logits.index_put(known, logits.new_tensor(-torch.inf)), 1)
    return torch.logaddexp(others[row], own) - own


def squared_loss(
    users: Tensor, items: Tensor, observed: tuple[Tensor, Tensor, Tensor], unobserved_weight: float
) -> Tensor:
    """``1/2 sum_i w_ui (x_ui - z_u . y_i)^2`` over all items, for each user ``(batch,)``.

    x is 1 where observed and 0 elsewhere; unobserved pairs share the weight w0. By the Gram matrix: ``w0 z'
    (Y'Y) z`` is the sum over all items, to which each observed pair adds ``w (1 - s)^2 - w0 s^2``. Hu,
    Koren, Volinsky 2008, https://doi.org/10.1109/ICDM.2008.22. ``users`` ``(batch, dim)``, ``items``
    ``(n_items, dim)``; ``observed``: (row in the batch, item, weight), each ``(m,)``. Memory: ``4 m dim``
    bytes, never batch x items.
    """
    row, item, weight = observed
    everywhere = unobserved_weight * ((users @ (items.T @ items)) * users).sum(1)
    score = (users[row] * items[item]).sum(1)
    correction = weight * (1 - score).square() - unobserved_weight * score.square()
    return 0.5 * everywhere.index_add(0, row, correction)
