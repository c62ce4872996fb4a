"""MCCLK's contrasts: items' semantic view against the collaborative, both against the structural."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kgrec.errors import ConfigError
from kgrec.look_up import look_up
from kgrec.losses.contrast import info_nce
from kgrec.losses.logsumexp import score_logsumexp
from kgrec.models.config_contrast import MCCLKConfig
from kgrec.models.contrast import checked_temperature
from kgrec.models.parts import StepBatch


@dataclass(frozen=True)
class Views:
    """What one forward pass sees of every node."""

    collaborative: Tensor
    """``(n_users + n_items, dim)``, from who had what."""
    semantic: Tensor
    """``(n_items, dim)``, from similar items."""
    structural: Tensor
    """``(n_users + n_items, dim)``, from knowledge, and for users from their items' knowledge."""

    def local(self) -> Tensor:
        """``(n_users + n_items, dim)``: collaborative, items plus semantic."""
        n_users = len(self.collaborative) - len(self.semantic)
        return torch.cat([self.collaborative[:n_users], self.collaborative[n_users:] + self.semantic])


class ViewContrast(nn.Module):
    """``beta (alpha L_local + (1 - alpha) L_global)`` on projections ``W2 relu(W1 z + b1) + b2``.

    ``L_local``: an item's semantic view finds its collaborative one. ``L_global``: the structural view of a
    user or an item finds the local one (``Views.local``) and the other way round. As in the authors' code,
    local contrast goes one way and each of the three contrasts has a projection of its own. Zou et al. 2022
    (MCCLK), https://arxiv.org/abs/2204.08807; negatives are the batch's other nodes.
    """

    def __init__(self, config: MCCLKConfig) -> None:
        """``config`` gives the weights, the temperature and the rows.

        Raises:
            ConfigError: one of them is out of range.
        """
        super().__init__()
        if not 0 <= config.alpha <= 1:
            raise ConfigError(f"model.alpha is {config.alpha}; use 0 to 1")
        self.local_weight, self.global_weight = config.beta * config.alpha, config.beta * (1 - config.alpha)
        self.temperature = checked_temperature(config.contrast_temperature)
        self.rows = config.contrast_rows
        self.local_items, self.users, self.items = (_projection(config.dim) for _ in range(3))

    def reset_parameters(self) -> None:
        """Weights and biases as torch draws them."""
        for module in self.modules():
            if isinstance(module, nn.Linear):
                module.reset_parameters()

    def forward(self, views: Views, batch: StepBatch) -> dict[str, Tensor]:
        """The weighted terms ``local`` and ``global``, those of weight 0 left out."""
        terms: dict[str, Tensor] = {}
        if self.local_weight == self.global_weight == 0:
            return terms
        n_users = len(views.collaborative) - len(views.semantic)
        items = some_distinct(batch.items, self.rows, batch.generator)
        if self.local_weight > 0:
            semantic = self.local_items(look_up(views.semantic, items))
            collaborative = self.local_items(look_up(views.collaborative, n_users + items))
            loss = cross_view_loss(semantic, collaborative, self.temperature)
            terms["local"] = self.local_weight * loss.mean()
        if self.global_weight > 0:
            users = some_distinct(batch.users, self.rows, batch.generator)
            local = views.local()
            of_users = self._both_ways(self.users, look_up(views.structural, users), look_up(local, users))
            rows = n_users + items
            of_items = self._both_ways(self.items, look_up(views.structural, rows), look_up(local, rows))
            terms["global"] = self.global_weight * (of_users + of_items)
        return terms

    def _both_ways(self, project: nn.Module, first: Tensor, second: Tensor) -> Tensor:
        a, c = project(first), project(second)
        losses = cross_view_loss(a, c, self.temperature) + cross_view_loss(c, a, self.temperature)
        return losses.mean() / 2


def cross_view_loss(first: Tensor, second: Tensor, temperature: float) -> Tensor:
    """``-log e(a_b, c_b) / (sum_j e(a_b, c_j) + sum_(j != b) e(a_b, a_j))``, ``e = exp(cos / tau)``.

    InfoNCE whose negatives are the other nodes in both views. ``first`` and ``second`` ``(batch, dim)``: the
    same distinct nodes in the same order -> ``(batch,)``. Memory: see ``score_logsumexp``.
    """
    a, c = F.normalize(first, dim=1), F.normalize(second, dim=1)
    itself = torch.arange(len(a), device=a.device)
    within = score_logsumexp(a, a, temperature, hidden=(itself, itself)) - (a * c).sum(1) / temperature
    return torch.logaddexp(info_nce(first, second, temperature), within)


def some_distinct(rows: Tensor, limit: int, generator: torch.Generator) -> Tensor:
    """The distinct ``rows`` ``(batch,)``, a random ``limit`` of them where there are more."""
    distinct = rows.unique()
    if len(distinct) <= limit:
        return distinct
    order = torch.randperm(len(distinct), generator=generator, device=rows.device)
    return distinct[order[:limit]]


def _projection(dim: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(dim, dim), nn.ReLU(), nn.Linear(dim, dim))
