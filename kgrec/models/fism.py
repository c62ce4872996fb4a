"""FISM: a person is the sum of their items, and what they had is predicted from the rest of it."""

import torch
from torch import Tensor, nn

from kgrec.graph.csr import CSROperator, csr_tensor
from kgrec.graph.propagation import RelationalOperator
from kgrec.look_up import look_up
from kgrec.models.config_history import FISMConfig
from kgrec.models.histories import HistoryModel
from kgrec.models.network import Network, NodeVectors, checked_scoring, final_vectors
from kgrec.models.parts import NetworkParts


class FISM(Network):
    """``z_u = sum_{j in u} w_uj q_j``, ``s(u, i) = cos(z_u, p_i)``; the loss of (u, i) reads
    ``z_u - w_ui q_i``.

    Kabbur, Ning, Karypis 2013, FISM: Factored Item Similarity Models for Top-N Recommender Systems,
    https://doi.org/10.1145/2487575.2487589. The cosine takes the place of its exponent of the history's
    length. There are no free vectors of people: whoever has a history has one, at the cost of a sum.

    With knowledge the two vectors of an item hear its facts, ``x' = x + sum_r sum_e a_e (x_e * g_r)`` in
    ``layers`` steps over items and entities, each by gates of its own; with ``layers=0`` or without knowledge
    what is left is FISM, but for its biases. Cost: one product with the interactions, and one a layer with
    the facts, of rows twice as long.
    """

    leaves_out = True

    def __init__(
        self,
        interactions: CSROperator,
        facts: RelationalOperator | None,
        sizes: tuple[int, int],
        config: FISMConfig,
    ) -> None:
        """``interactions`` ``(n_users, n_items)``; ``sizes``: nodes, items first, and relations."""
        super().__init__()
        self.n_users, self.n_items = interactions.shape
        self.interactions, self.facts, self.config = interactions, facts, config
        # What entities hear in the last step nobody reads.
        self.last_facts = None if facts is None else facts.onto(self.n_items)
        self.constants = ("interactions", "share", *(() if facts is None else ("facts", "last_facts")))
        self.scoring = checked_scoring(config.scoring)
        counts = torch.bincount(interactions.matrix.col_indices().long(), minlength=self.n_items)
        root = counts.clamp(min=1).sqrt()
        self.share = (root.mean() / root).unsqueeze(1)
        n_nodes, n_relations = sizes
        # Both vectors of a node in one row, so that facts are walked once for the two.
        self.node = nn.Parameter(torch.empty(n_nodes, 2 * config.dim))
        self.gate = nn.Parameter(torch.empty(n_relations, 2 * config.dim))
        self.reset_parameters()

    @classmethod
    def build(cls, config: FISMConfig, parts: NetworkParts) -> "FISM":
        """From ``config``; entities have vectors only where their facts are heard."""
        matrix, propagation = parts.train.matrix(), parts.propagation
        interactions = CSROperator(csr_tensor(matrix.tocsr()), csr_tensor(matrix.T.tocsr()))
        if config.layers == 0 or parts.triples is None:
            return cls(interactions, None, (propagation.n_items, 0), config)
        sizes = propagation.n_items + propagation.n_entities, len(propagation.relations)
        return cls(interactions, propagation.knowledge(config.normalisation), sizes, config)

    def reset_parameters(self) -> None:
        """Vectors normal with ``init_std``, gates ``gate_init``.

        What an item adds to a person starts at ``1 / sqrt(d)``, the more people have it the less, and is free
        from there: with that factor kept, popular items learn too slowly.
        """
        nn.init.normal_(self.node, std=self.config.init_std)
        nn.init.constant_(self.gate, self.config.gate_init)
        with torch.no_grad():
            self.node[: self.n_items, : self.config.dim] *= self.share

    def forward(self) -> NodeVectors:
        """Sums of histories for people, facts heard for items; first layers are the sums' own terms."""
        return self._vectors(self.interactions, None)

    def batch_vectors(self, users: Tensor) -> NodeVectors:
        """The same for the batch's people only: a thousand sums where all are a hundred thousand."""
        held = users.unique()
        return self._vectors(self.interactions.rows(held), held)

    def _vectors(self, interactions: CSROperator, held: Tensor | None) -> NodeVectors:
        history, items = self._heard().split(self.config.dim, dim=1)
        sums = interactions @ history
        return NodeVectors(
            users=final_vectors(sums, self.scoring),
            items=final_vectors(items, self.scoring),
            knowledge=self.node[:, self.config.dim :],
            relations=None,
            first_users=sums,
            first_items=history,
            held=held,
        )

    def left_out(self, vectors: NodeVectors, users: Tensor, items: Tensor, weights: Tensor) -> Tensor:
        """People without one item each: ``(batch,)`` rows, and the weight of the item in its person's sum, ->
        ``(batch, dim)``."""
        rest = vectors.first_of_users(users) - weights.unsqueeze(1) * look_up(vectors.first_items, items)
        return final_vectors(rest, self.scoring)

    @torch.no_grad()
    def scorer(self) -> HistoryModel:
        """What scores known people and any history alike."""
        vectors = self()
        return HistoryModel(
            vectors.users.clone(), vectors.items.clone(), vectors.first_items.clone(), self.scoring
        )

    def _heard(self) -> Tensor:
        """Items after ``layers`` steps: ``(n_items, 2 dim)``, what they add to people and what they are."""
        if self.facts is None or self.last_facts is None:
            return self.node
        current: Tensor = self.node
        for _ in range(self.config.layers - 1):
            current = current + self.facts(current, self.gate)
        return current[: self.n_items] + self.last_facts(current, self.gate)
