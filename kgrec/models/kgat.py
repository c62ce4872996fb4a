"""KGAT: attention over the neighbourhoods of the user-item-entity graph, refreshed once an epoch."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kgrec.graph.attention import AttentiveEdges
from kgrec.graph.triples import CORRUPTS
from kgrec.look_up import look_up
from kgrec.losses.knowledge import pairwise_loss
from kgrec.losses.preference import weighted_mean
from kgrec.losses.transr import transr_score
from kgrec.models.config_convolution import KGATConfig
from kgrec.models.init import INITS, draw_rows
from kgrec.models.network import (
    Network,
    NodeVectors,
    checked_choice,
    checked_scoring,
    final_vectors,
    unit_rows,
)
from kgrec.models.parts import NetworkParts, StepBatch


class KGAT(Network):
    """``x^(l+1) = act((x + n) W_1 + b_1) + act((x * n) W_2 + b_2)`` with ``n_h = sum_(r,t) pi(h, r, t) x_t``.

    ``pi`` is the softmax over all edges of ``h`` of ``(e_t W_r)' tanh(e_h W_r + e_r)``, ``act`` LeakyReLU,
    followed by dropout. Wang et al. 2019, KGAT: Knowledge Graph Attention Network for Recommendation,
    https://arxiv.org/abs/1905.07854. The result is the first vectors and every layer side by side, layers at
    unit length as in the authors' code. The graph is the unified one: interactions are relations, also to
    TransR, and so they stay where there is no knowledge.

    As in the authors' code no gradient flows through ``pi``: it is computed before every epoch, and ``e_r``
    and ``W_r`` learn from TransR's loss alone. That loss is a term of every step here, where theirs has an
    optimiser and a round of its own; corrupted tails are such as the relation has elsewhere, theirs are any
    (``corrupt=any``).

    Cost: one sparse product a layer forward and one backward; an epoch ``2 edges * dim * relation_dim`` for
    ``pi``, over edges in chunks. No (edges, dim) tensor is held.
    """

    constants = ("edges",)

    def __init__(self, edges: AttentiveEdges, sizes: tuple[int, int], config: KGATConfig) -> None:
        """``sizes`` is (users, items)."""
        super().__init__()
        self.n_users, self.n_items = sizes
        self.config, self.scoring = config, checked_scoring(config.scoring)
        checked_choice("init", config.init, INITS)
        checked_choice("corrupt", config.corrupt, CORRUPTS)
        self.edges = edges
        n_nodes, n_relations = edges.facts.n_nodes, len(edges.starts) - 1
        self.node = nn.Parameter(torch.empty(n_nodes, config.dim))
        self.relation = nn.Parameter(torch.empty(n_relations, config.relation_dim))
        self.projection = nn.Parameter(torch.empty(n_relations, config.dim, config.relation_dim))
        widths = [config.dim, *config.widths]
        self.sums = nn.ModuleList(nn.Linear(*pair) for pair in pairwise(widths))
        self.products = nn.ModuleList(nn.Linear(*pair) for pair in pairwise(widths))
        self.dropout = nn.Dropout(config.dropout)
        # Saved, because the scores of an epoch need the attention that the epoch was trained with.
        self.register_buffer("attention", torch.empty(edges.pattern.n_entries))
        self.reset_parameters()

    @classmethod
    def build(cls, config: KGATConfig, parts: NetworkParts) -> "KGAT":
        """From ``config``; the whole graph is read."""
        propagation = parts.propagation
        sizes = (propagation.n_users, propagation.n_items)
        return cls(AttentiveEdges.from_propagation(propagation), sizes, config)

    def reset_parameters(self) -> None:
        """Nodes by ``init``, Glorot for the rest, biases 0; attention starts even: the same for all edges of
        a node. Projections are rows of one more table where ``init`` is not normal."""
        init, std = self.config.init, self.config.init_std
        draw_rows(self.node, init, std, (self.n_users, len(self.node) - self.n_users))
        if init == "normal":
            nn.init.xavier_uniform_(self.relation)
            for projection in self.projection:
                nn.init.xavier_uniform_(projection)
        else:
            draw_rows(self.relation, init, std)
            draw_rows(self.projection.flatten(1), init, std)
        for layer in (*self.sums, *self.products):
            assert isinstance(layer, nn.Linear)
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
        attention = self.get_buffer("attention")
        attention.copy_(self.edges.softmax(attention.new_zeros(len(self.edges.entry))))

    def forward(self) -> NodeVectors:
        """Propagate by the attention of this epoch and put the layers side by side."""
        # Made from the buffer every time, so that loaded weights never meet the attention of others.
        adjacency = self.edges.pattern.with_values(self.get_buffer("attention"))
        current: Tensor = self.node
        layers = [current]
        for sums, products in zip(self.sums, self.products, strict=True):
            heard = adjacency @ current
            current = F.leaky_relu(sums(current + heard)) + F.leaky_relu(products(current * heard))
            current = self.dropout(current)
            layers.append(unit_rows(current))
        n_entities = len(self.node) - self.n_users - self.n_items
        sizes = [self.n_users, self.n_items, n_entities]
        users, items, _ = torch.cat(layers, 1).split(sizes)
        first_users, first_items, _ = self.node.split(sizes)
        return NodeVectors(
            users=final_vectors(users, self.scoring),
            items=final_vectors(items, self.scoring),
            knowledge=self.node[self.n_users :],
            relations=None,
            first_users=first_users,
            first_items=first_items,
        )

    @torch.no_grad()
    def begin_epoch(self, generator: torch.Generator) -> None:
        """Weigh every edge anew; nothing is drawn."""
        facts = self.edges.facts
        logits = self.node.new_empty(len(facts))
        # Whole, the projected ends would be two (edges, relation_dim) tensors; grouped by relation, a chunk
        # needs a single projection.
        for relation, chunk in self.edges.chunks():
            projection = self.projection[relation]
            head = torch.tanh(look_up(self.node, facts.heads[chunk]) @ projection + self.relation[relation])
            logits[chunk] = (look_up(self.node, facts.tails[chunk]) @ projection).mul_(head).sum(1)
        self.get_buffer("attention").copy_(self.edges.softmax(logits))

    def own_terms(self, vectors: NodeVectors, batch: StepBatch) -> dict[str, Tensor]:
        """``transr``: edges of the graph above corrupted ones, ``softplus(s_neg - s_pos)``."""
        if self.config.transr <= 0:
            return {}
        size = self.config.transr_batch
        drawn = self.edges.facts.sample(size, batch.generator, self.config.corrupt)
        head, relation, tail, corrupted, usable = drawn
        start = look_up(self.node, head)
        positive, negative = (
            transr_score(start, relation, look_up(self.node, end), self.relation, self.projection)
            for end in (tail, corrupted)
        )
        loss = weighted_mean(pairwise_loss(positive, negative), usable.to(positive))
        return {"transr": self.config.transr * loss}
