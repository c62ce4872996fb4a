"""KGIN: people hear their items through intents, items hear knowledge through relations."""

import torch
from torch import Tensor, nn

from kgrec.errors import ConfigError
from kgrec.graph.edge_dropout import EdgeDropout
from kgrec.graph.propagation import Propagation, RelationalOperator
from kgrec.look_up import look_up
from kgrec.losses.independence import MEASURES, independence_loss
from kgrec.models.config_relational import KGINConfig
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

MOST = 0.5
"""A batch with a larger share of the users propagates to all: choosing rows is a sort of their entries."""


class KGIN(Network):
    """Items and entities: ``e_v' = mean_{(r, t) in N_v} e_r * e_t`` over knowledge and its reverses.

    Users: ``e_u' = sum_p beta(u, p) (e_p * mean_{i in N_u} e_i)``, where an intent is a mixture of relations,
    ``e_p = sum_r softmax(w_p)_r e_r``, and ``beta(u, p) = softmax_p(e_u . e_p)`` with first-layer users. The
    result is the sum of layers 0 to L. Wang et al. 2021, Learning Intents behind Interactions with Knowledge
    Graph for Recommendation, https://arxiv.org/abs/2102.07057.

    From the authors' code, https://github.com/huangtinglin/Knowledge_Graph_based_Intent_Network: each layer's
    rows are scaled to unit length before they are summed, users hear their items' plain mean as well
    (``residual``), and both dropouts. Where that code takes beta from free vectors and the current layer's
    users, and keeps the weights ``w_p`` apart, here beta and the independence term read the intents ``e_p``.
    Not confirmed in the text of the paper: which layer's users give beta.

    Without knowledge there are no intents: users hear their items' plain mean, items are free vectors. Cost:
    L products over knowledge and L over the interactions in one direction, forward and backward; node dropout
    saves none of it. Nobody hears users, so that a step whose batch holds few of them leaves out the others.
    """

    constants = ("facts", "histories")

    def __init__(self, propagation: Propagation, config: KGINConfig) -> None:
        """
        Raises:
            ConfigError: a value of ``config`` does not exist or is out of range.
        """
        super().__init__()
        _check(config)
        self.n_users, self.n_items = propagation.n_users, propagation.n_items
        self.config, self.scoring = config, checked_scoring(config.scoring)
        checked_choice("init", config.init, INITS)
        knowledge = propagation.knowledge()
        self.facts = EdgeDropout(knowledge.adjacency)
        self.histories = EdgeDropout(propagation.user_means())
        self.dropout = nn.Dropout(config.message_dropout)
        is_knowledge = (~propagation.is_interaction).nonzero().squeeze(1)
        self.register_buffer("pair_node", knowledge.pair_node, persistent=False)
        self.register_buffer("pair_relation", knowledge.pair_relation, persistent=False)
        self.register_buffer("is_knowledge", is_knowledge, persistent=False)
        self.node = nn.Parameter(torch.empty(propagation.n_nodes, config.dim))
        self.relation = nn.Parameter(torch.empty(len(propagation.relations), config.dim))
        self.intent = nn.Parameter(torch.empty(config.intents, len(is_knowledge)))
        self.reset_parameters()

    @classmethod
    def build(cls, config: KGINConfig, parts: NetworkParts) -> "KGIN":
        """From ``config``; the graph is all that is read."""
        return cls(parts.propagation, config)

    def reset_parameters(self) -> None:
        """Nodes by ``init``, relations and intents by Xavier's rule."""
        sizes = (self.n_users, len(self.node) - self.n_users)
        draw_rows(self.node, self.config.init, self.config.init_std, sizes)
        nn.init.xavier_uniform_(self.relation)
        nn.init.xavier_uniform_(self.intent)

    def intents(self) -> Tensor:
        """``e_p`` ``(intents, dim)``: softmax-weighted combinations of the relations of knowledge."""
        return torch.softmax(self.intent, 1) @ self.relation[self.get_buffer("is_knowledge")]

    def forward(self) -> NodeVectors:
        """Propagate with one draw of the node dropout for all layers, sum the layers."""
        return self._vectors(self.histories, None)

    def batch_vectors(self, users: Tensor) -> NodeVectors:
        """The same for the batch's users only, unless they are most of all: a thousand means where all are a
        hundred thousand."""
        held = users.unique()
        if len(held) > MOST * self.n_users:
            return super().batch_vectors(users)
        return self._vectors(self.histories.rows(held), held)

    def _vectors(self, histories: EdgeDropout, held: Tensor | None) -> NodeVectors:
        rate = self.config.node_dropout if self.training else 0.0
        facts, own_items = self.facts.draw(rate), histories.draw(rate)
        knowledge = RelationalOperator(facts, self.get_buffer("pair_node"), self.get_buffer("pair_relation"))
        first_users, first_nodes = self.node.tensor_split([self.n_users])
        if held is not None:
            first_users = look_up(first_users, held)
        gates = self._user_gates(first_users)
        users, all_users, nodes, all_nodes = first_users, first_users, first_nodes, first_nodes
        for _ in range(self.config.layers):
            heard = own_items @ nodes[: self.n_items]
            users = self._layer(heard if gates is None else heard * gates)
            nodes = self._layer(knowledge(nodes, self.relation))
            all_users, all_nodes = all_users + users, all_nodes + nodes
        return NodeVectors(
            users=final_vectors(all_users, self.scoring),
            items=final_vectors(all_nodes[: self.n_items], self.scoring),
            knowledge=first_nodes,
            relations=self.relation,
            first_users=first_users,
            first_items=first_nodes[: self.n_items],
            held=held,
        )

    def own_terms(self, vectors: NodeVectors, batch: StepBatch) -> dict[str, Tensor]:
        """``independence`` of the intents; left out where there are fewer than two or no knowledge."""
        config = self.config
        if config.independence == 0 or config.intents < 2 or self.intent.shape[1] == 0:
            return {}
        return {
            "independence": config.independence
            * independence_loss(self.intents(), config.independence_measure)
        }

    def _user_gates(self, users: Tensor) -> Tensor | None:
        """What a user's items are multiplied by, ``(n_users, dim)``; None without knowledge."""
        if self.intent.shape[1] == 0:
            return None
        intents = self.intents()
        gates = torch.softmax(users @ intents.T, 1) @ intents
        return gates + 1 if self.config.residual else gates

    def _layer(self, heard: Tensor) -> Tensor:
        return unit_rows(self.dropout(heard))


def _check(config: KGINConfig) -> None:
    if config.intents < 1:
        raise ConfigError(f"model.intents is {config.intents}; use at least 1")
    if not 0 <= config.node_dropout < 1:
        raise ConfigError(f"model.node_dropout is {config.node_dropout}; use 0 or more and less than 1")
    if config.independence_measure not in MEASURES:
        raise ConfigError(
            f"model.independence_measure is {config.independence_measure!r}; use {', '.join(MEASURES)}"
        )
