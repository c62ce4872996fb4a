"""Text similarity: a person's or a query's text near the right items, in-batch softmax with temperature."""

import torch
from torch import Tensor
from torch.nn import functional as F

from kgrec.look_up import look_up
from kgrec.losses.logsumexp import Pairs, score_logsumexp


def text_loss(text: Tensor, items: Tensor, target: Tensor, temperature: float, known: Pairs) -> Tensor:
    """``-log exp(cos(x, y_i) / tau) / sum_j exp(cos(x, y_j) / tau)`` over the batch's items.

    van den Oord et al. 2018 (InfoNCE), https://arxiv.org/abs/1807.03748. ``text`` ``(batch, dim)``;
    ``items`` ``(m, dim)`` the batch's distinct items; ``target`` ``(batch,)`` each text's row in ``items``;
    ``known``: (row of text ascending, row in ``items``) pairs that are no negatives: other positives, and
    the target itself with its copies. -> ``(batch,)``. An item that is the target of c texts of the batch is
    c negatives of the others. Memory: see ``score_logsumexp``.
    """
    x, y = F.normalize(text, dim=1), F.normalize(items, dim=1)
    copies = torch.bincount(target, minlength=len(items)).to(x.dtype)
    own = (x * look_up(y, target)).sum(1) / temperature
    return torch.logaddexp(score_logsumexp(x, y, temperature, copies.log(), known), own) - own
