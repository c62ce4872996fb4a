"""RippleNet: a person is what the facts around the own history answer when an item asks."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kgrec.errors import ConfigError
from kgrec.graph.facts_of import FactsOf
from kgrec.graph.triples import KnowledgeTriples
from kgrec.losses.preference import weighted_mean
from kgrec.models.config_attention import RippleNetConfig
from kgrec.models.init import INITS, draw_rows
from kgrec.models.network import Network, NodeVectors, checked_choice, checked_scoring, final_vectors
from kgrec.models.parts import NetworkParts, StepBatch
from kgrec.models.ripplenet_scorer import FACTS, RippleNetScorer
from kgrec.models.ripples import Weights, memories, responses, ripple_scores, ripple_sets

UPDATES = ("replace", "transform", "transform_all")


class RippleNet(Network):
    """``s(u, i) = u_i . v_i``: the person's vector is the sum of H answers; see ``responses``.

    Wang et al. 2018, RippleNet: Propagating User Preferences on the Knowledge Graph for Recommender Systems,
    https://arxiv.org/abs/1803.03467. M facts a hop are drawn once for every person, when the network is made,
    and saved with it; a person has no parameters. ``item_update=replace`` asks on with the answer, as the
    paper says; ``transform`` has ``W (item + answer)`` ask, and ``transform_all``, as RecBole,
    also scores by what is left of the item after the last hop. R_r starts at the identity, so that the first
    attention is likeness. An item or entity without facts has one that leads back to itself, so that without
    any knowledge the model attends to the history's items.

    Cost of n scored items for each of a batch's people: ``batch H M dim (n + distinct heads' share)``; no
    pass over the whole graph.
    """

    inner_product = False

    def __init__(self, parts: NetworkParts, config: RippleNetConfig) -> None:
        super().__init__()
        _check(config)
        propagation = parts.propagation
        self.n_users, self.n_items = propagation.n_users, propagation.n_items
        self.config, self.scoring = config, checked_scoring(config.scoring)
        checked_choice("init", config.init, INITS)
        self.constants = () if parts.triples is None else ("triples",)
        self.triples: KnowledgeTriples | None = parts.triples
        n_nodes = self.n_items + propagation.n_entities
        facts = FactsOf.build(parts.triples, n_nodes, propagation.relations, config.reverses)
        history = torch.from_numpy(parts.train.items), torch.from_numpy(parts.train.indptr)
        for name in FACTS:
            self.register_buffer(name, getattr(facts, name))
        self.register_buffer("ripples", ripple_sets(facts, history, (config.hops, config.memories)))
        self.node = nn.Parameter(torch.empty(n_nodes, config.dim))
        self.relation = nn.Parameter(torch.empty(len(propagation.relations), config.dim, config.dim))
        transforms = config.item_update != "replace"
        self.update = nn.Parameter(torch.empty(config.dim, config.dim)) if transforms else None
        self.reset_parameters()

    @classmethod
    def build(cls, config: RippleNetConfig, parts: NetworkParts) -> "RippleNet":
        """From ``config``; histories are read, and knowledge if there is any."""
        return cls(parts, config)

    def reset_parameters(self) -> None:
        """Vectors by ``init``; matrices at the identity plus ``init_std`` where that is normal, else by
        ``init``, those of relations as rows of a table of their own. Facts stay as drawn."""
        init, std = self.config.init, self.config.init_std
        draw_rows(self.node, init, std)
        if init != "normal":
            draw_rows(self.relation.flatten(1), init, std)
            if self.update is not None:
                draw_rows(self.update, init, std)
            return
        eye = torch.eye(self.config.dim, device=self.node.device)
        with torch.no_grad():
            for matrix in (self.relation, self.update):
                if matrix is not None:
                    matrix.normal_(std=std / self.config.dim**0.5).add_(eye)

    def forward(self) -> NodeVectors:
        """The nodes themselves. People have no vectors: theirs are zeros, which no term can train."""
        items = self.node[: self.n_items]
        nobody = self.node.new_zeros(1, self.config.dim).expand(self.n_users, -1)
        return NodeVectors(
            users=nobody,
            items=final_vectors(items, self.scoring),
            knowledge=self.node,
            relations=None,
            first_users=nobody,
            first_items=items,
        )

    def pair_scores(self, vectors: NodeVectors, users: Tensor, items: Tensor) -> Tensor:
        """``u_i . v_i``: users ``(batch,)``, items ``(batch, n)`` -> ``(batch, n)``."""
        ripples = self.get_buffer("ripples")[users]
        weights = Weights(vectors.knowledge, self.relation, self.update, self._scored)
        asked = F.embedding(items, vectors.knowledge)
        people, asked = responses(asked, memories(weights, self.facts, ripples), weights)
        return ripple_scores(people, asked, ripples[:, 0, 0] >= 0, self.scoring)

    def own_terms(self, vectors: NodeVectors, batch: StepBatch) -> dict[str, Tensor]:
        """``kge_weight / 2 * (I - h' R_r t)^2`` over facts (I = 1) and corrupted ones (I = 0): the paper's
        knowledge loss, sampled. Memory: ``4 kge_batch dim^2`` bytes."""
        if self.config.kge_weight == 0 or self.triples is None:
            return {}
        drawn = self.triples.sample(self.config.kge_batch, batch.generator)
        head, relation, tail, corrupted, usable = drawn
        nodes = vectors.knowledge
        expected = torch.einsum("bd,bde->be", F.embedding(head, nodes), self.relation[relation])
        known, unknown = ((expected * F.embedding(end, nodes)).sum(1) for end in (tail, corrupted))
        wrong = weighted_mean(unknown.square(), usable.to(unknown))
        return {"kge": self.config.kge_weight / 2 * ((1 - known).square().mean() + wrong)}

    @property
    def _scored(self) -> bool:
        return self.config.item_update == "transform_all"

    @property
    def facts(self) -> FactsOf:
        """The facts that ripples may run along."""
        return FactsOf(*(self.get_buffer(name) for name in FACTS))

    @torch.no_grad()
    def scorer(self) -> RippleNetScorer:
        """Copies of nodes, matrices, facts and ripple sets."""
        update = None if self.update is None else self.update.detach().clone()
        weights = Weights(self.node.detach().clone(), self.relation.detach().clone(), update, self._scored)
        facts = FactsOf(*(self.get_buffer(name).clone() for name in FACTS))
        return RippleNetScorer(weights, facts, self.get_buffer("ripples").clone(), self.n_items, self.scoring)


def _check(config: RippleNetConfig) -> None:
    checked_choice("item_update", config.item_update, UPDATES)
    for key in ("hops", "memories", "kge_batch"):
        if getattr(config, key) < 1:
            raise ConfigError(f"model.{key} is {getattr(config, key)}; use 1 or more")
