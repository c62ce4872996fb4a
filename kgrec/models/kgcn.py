"""KGCN: items from sampled neighbours in the knowledge graph, weighed by each person's own interests."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kgrec.errors import ConfigError
from kgrec.graph.facts_of import FactsOf
from kgrec.models.config_attention import KGCNConfig
from kgrec.models.init import INITS, draw_rows
from kgrec.models.kgcn_scorer import KGCNScorer
from kgrec.models.network import Network, NodeVectors, checked_choice, checked_scoring, final_vectors
from kgrec.models.parts import NetworkParts
from kgrec.models.receptive import AGGREGATORS, Receptive, Tables


class KGCN(Network):
    """``s(u, i) = u . v^u``: an item's vector depends on who looks at it; see ``Receptive`` for its layers.

    Wang et al. 2019, Knowledge Graph Convolutional Networks for Recommender Systems,
    https://arxiv.org/abs/1904.12575. K neighbours of every node are drawn once, when the network is made,
    and saved with it. Facts are walked both ways as in the published code; the way against a fact has a
    vector of its own. An item or entity without facts is its own neighbour, so that without any knowledge
    the items are a one-layer transform of free vectors. ``cosine`` scores by the angle between u and v^u;
    the attention reads u itself.

    Cost: ``(n K^layers, dim)`` rows for n scored pairs; no pass over the whole graph.
    """

    inner_product = False

    def __init__(self, parts: NetworkParts, config: KGCNConfig) -> None:
        super().__init__()
        _check(config)
        propagation = parts.propagation
        self.n_users, self.n_items = propagation.n_users, propagation.n_items
        self.config, self.scoring = config, checked_scoring(config.scoring)
        checked_choice("init", config.init, INITS)
        n_nodes = self.n_items + propagation.n_entities
        facts = FactsOf.build(parts.triples, n_nodes, propagation.relations, reverses=True)
        chosen = facts.sample(torch.arange(n_nodes), torch.arange(n_nodes + 1), config.neighbours)
        self.register_buffer("neighbours", facts.tails[chosen])
        self.register_buffer("relation_of", facts.relations[chosen])
        self.user = nn.Parameter(torch.empty(self.n_users, config.dim))
        self.node = nn.Parameter(torch.empty(n_nodes, config.dim))
        self.relation = nn.Parameter(torch.empty(len(propagation.relations), config.dim))
        width = config.dim * (2 if config.aggregator == "concat" else 1)
        self.weight = nn.Parameter(torch.empty(config.layers, config.dim, width))
        self.bias = nn.Parameter(torch.empty(config.layers, config.dim))
        self.reset_parameters()

    @classmethod
    def build(cls, config: KGCNConfig, parts: NetworkParts) -> "KGCN":
        """From ``config``; knowledge is read if there is any, interactions are not."""
        return cls(parts, config)

    def reset_parameters(self) -> None:
        """Vectors by ``init``, matrices by Xavier's rule; the neighbours stay as drawn."""
        for table in (self.user, self.node, self.relation):
            draw_rows(table, self.config.init, self.config.init_std)
        for matrix in self.weight:
            nn.init.xavier_uniform_(matrix)
        nn.init.zeros_(self.bias)

    @property
    def receptive(self) -> Receptive:
        """The layers, with the parameters as they are now."""
        neighbours, relation_of = self.get_buffer("neighbours"), self.get_buffer("relation_of")
        return Receptive(neighbours, relation_of, self.weight, self.bias, self.config.aggregator)

    def forward(self) -> NodeVectors:
        """The tables themselves: an item has no vector before it is known who looks.

        ``items`` are therefore the first layer, which terms other than the preference may read.
        """
        items = self.node[: self.n_items]
        return NodeVectors(
            users=final_vectors(self.user, self.scoring),
            items=final_vectors(items, self.scoring),
            knowledge=self.node,
            relations=self.relation,
            first_users=self.user,
            first_items=items,
        )

    def pair_scores(self, vectors: NodeVectors, users: Tensor, items: Tensor) -> Tensor:
        """``u . v^u``: users ``(batch,)``, items ``(batch, n)`` -> ``(batch, n)``."""
        seen = self.receptive.of_pairs(self.tables(vectors, users), items)
        if self.scoring == "cosine":
            seen = F.normalize(seen, dim=-1)
        return (seen * vectors.of_users(users).unsqueeze(1)).sum(2)

    @torch.no_grad()
    def scorer(self) -> KGCNScorer:
        """Copies of tables, neighbours and layers."""
        return KGCNScorer(
            Tables(self.user.detach().clone(), self.relation.detach().clone(), self.node.detach().clone()),
            Receptive(
                self.get_buffer("neighbours").clone(),
                self.get_buffer("relation_of").clone(),
                self.weight.detach().clone(),
                self.bias.detach().clone(),
                self.config.aggregator,
            ),
            self.n_items,
            self.scoring,
        )

    @staticmethod
    def tables(vectors: NodeVectors, users: Tensor) -> Tables:
        """What the layers read for ``users`` ``(batch,)``."""
        assert vectors.relations is not None
        return Tables(F.embedding(users, vectors.first_users), vectors.relations, vectors.knowledge)


def _check(config: KGCNConfig) -> None:
    if config.aggregator not in AGGREGATORS:
        raise ConfigError(f"model.aggregator is {config.aggregator!r}; use {', '.join(AGGREGATORS)}")
    for key in ("layers", "neighbours"):
        if getattr(config, key) < 1:
            raise ConfigError(f"model.{key} is {getattr(config, key)}; use 1 or more")
