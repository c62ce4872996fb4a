"""Matrix factorisation: a free vector a user, a free vector an item."""

import torch
from torch import nn

from kgrec.models.config import BPRConfig
from kgrec.models.init import INITS, draw_rows
from kgrec.models.network import Network, NodeVectors, checked_choice, checked_scoring, final_vectors
from kgrec.models.parts import NetworkParts


class BPR(Network):
    """``s(u, i) = z_u . y_i`` with free vectors, the model of Rendle et al. 2009.

    BPR: Bayesian Personalized Ranking from Implicit Feedback, https://arxiv.org/abs/1205.2618. The pairwise
    loss that gave it its name is ``objective.preference=bpr``; any other preference term trains it as well.
    """

    def __init__(
        self, n_users: int, n_items: int, dim: int, scoring: str, init_std: float, init: str = "normal"
    ) -> None:
        super().__init__()
        self.n_users, self.n_items = n_users, n_items
        self.scoring, self.init_std = checked_scoring(scoring), init_std
        self.init = checked_choice("init", init, INITS)
        self.user = nn.Parameter(torch.empty(n_users, dim))
        self.item = nn.Parameter(torch.empty(n_items, dim))
        self.reset_parameters()

    @classmethod
    def build(cls, config: BPRConfig, parts: NetworkParts) -> "BPR":
        """From ``config``; no graph is read."""
        sizes = parts.propagation.n_users, parts.propagation.n_items
        return cls(*sizes, config.dim, config.scoring, config.init_std, config.init)

    def reset_parameters(self) -> None:
        """Users and items by ``init``."""
        draw_rows(self.user, self.init, self.init_std)
        draw_rows(self.item, self.init, self.init_std)

    def forward(self) -> NodeVectors:
        """The tables themselves, scaled to unit length for ``scoring=cosine``."""
        return NodeVectors(
            users=final_vectors(self.user, self.scoring),
            items=final_vectors(self.item, self.scoring),
            knowledge=self.item,
            relations=None,
            first_users=self.user,
            first_items=self.item,
        )
