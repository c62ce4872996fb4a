"""CFKG: users, items and entities in one space, where every relation is a translation, buying among them."""

import torch
from torch import Tensor, nn

from kgrec.graph.hetero import INTERACTS
from kgrec.graph.triples import CORRUPTS
from kgrec.look_up import look_up
from kgrec.losses.knowledge import pairwise_loss
from kgrec.losses.preference import bce_loss, weighted_mean
from kgrec.models.config_translation import CFKGConfig
from kgrec.models.init import INITS, draw_rows
from kgrec.models.network import Network, NodeVectors, checked_choice, checked_scoring, final_vectors
from kgrec.models.parts import NetworkParts, StepBatch

FACT_LOSSES = ("pairwise", "bce")


class CFKG(Network):
    """``s(h, r, t) = (h + r) . t`` for every edge of the graph; ``s(u, i)`` is that of ``r = interacts``.

    Ai et al. 2018, Learning Heterogeneous Knowledge Base Embeddings for Explainable Recommendation,
    https://arxiv.org/abs/1805.03352. A fact holds where the head plus the relation lies near the tail, as in
    TransE (Bordes et al. 2013). Near is an inner product or a cosine, as in the authors' code. The cosine is
    TransE's squared distance between unit vectors, ``|a - b|^2 = 2 - 2 cos(a, b)``, so it ranks the same.

    Both are inner products of ``u + r`` and ``i``: a softmax over all items, a vector index and the vector of
    a history work as for any factorisation. The distance between vectors of any length has that form too,
    ``-|a - i|^2 = [2 a, -1] . [i, |i|^2] - |a|^2``, but there the sum of a history's items is no user.

    The interactions' loss is the objective's preference term (``bce`` with sampled negatives is the authors'
    one), facts have a pairwise loss of their own here, or the authors' with ``fact_loss=bce``; reverse
    relations are not used. A corrupted tail is one that the relation has elsewhere, or any node with
    ``corrupt=any``. Without facts what is left is matrix factorisation with a vector r that all users share.
    Cost: a step reads the batch's rows.
    """

    def __init__(self, parts: NetworkParts, config: CFKGConfig) -> None:
        super().__init__()
        propagation, self.triples = parts.propagation, parts.triples
        self.constants = () if self.triples is None else ("triples",)
        self.n_users, self.n_items = propagation.n_users, propagation.n_items
        self.config, self.scoring = config, checked_scoring(config.scoring)
        checked_choice("init", config.init, INITS)
        checked_choice("corrupt", config.corrupt, CORRUPTS)
        checked_choice("fact_loss", config.fact_loss, FACT_LOSSES)
        self.interacts = propagation.relations.index(INTERACTS)
        self.user = nn.Parameter(torch.empty(self.n_users, config.dim))
        self.node = nn.Parameter(torch.empty(self.n_items + propagation.n_entities, config.dim))
        self.relation = nn.Parameter(torch.empty(len(propagation.relations), config.dim))
        self.reset_parameters()

    @classmethod
    def build(cls, config: CFKGConfig, parts: NetworkParts) -> "CFKG":
        """From ``config``; of the graph only the facts are read."""
        return cls(parts, config)

    def reset_parameters(self) -> None:
        """Users, nodes and relations by ``init``."""
        for table in (self.user, self.node, self.relation):
            draw_rows(table, self.config.init, self.config.init_std)

    def forward(self) -> NodeVectors:
        """``u + r`` for users, the nodes themselves for items; unit length for ``scoring=cosine``."""
        items = self.node[: self.n_items]
        return NodeVectors(
            users=final_vectors(self.user + self.relation[self.interacts], self.scoring),
            items=final_vectors(items, self.scoring),
            knowledge=self.node,
            relations=self.relation,
            first_users=self.user,
            first_items=items,
        )

    def own_terms(self, vectors: NodeVectors, batch: StepBatch) -> dict[str, Tensor]:
        """``facts``: ``softplus((s_corrupted - s) / temperature)`` over drawn facts, or with
        ``fact_loss=bce`` ``softplus(-s / temperature) + softplus(s_corrupted / temperature)``."""
        if self.triples is None or self.config.facts <= 0:
            return {}
        drawn = self.triples.sample(self.config.triple_batch, batch.generator, self.config.corrupt)
        head, relation, tail, corrupted, usable = drawn
        moved = final_vectors(look_up(self.node, head) + look_up(self.relation, relation), self.scoring)
        positive, negative = (
            (moved * final_vectors(look_up(self.node, end), self.scoring)).sum(1) / self.config.temperature
            for end in (tail, corrupted)
        )
        if self.config.fact_loss == "bce":
            losses = bce_loss(positive, negative.unsqueeze(1))
        else:
            losses = pairwise_loss(positive, negative)
        return {"facts": self.config.facts * weighted_mean(losses, usable.to(positive))}
