"""CKE: matrix factorisation with an item vector that facts teach as well."""

import torch
from torch import Tensor, nn

from kgrec.graph.triples import CORRUPTS
from kgrec.look_up import look_up
from kgrec.losses.knowledge import pairwise_loss
from kgrec.losses.preference import weighted_mean
from kgrec.losses.transr import transr_score, unit_transr_score
from kgrec.models.config_translation import CKEConfig
from kgrec.models.init import INITS, draw_rows
from kgrec.models.network import Network, NodeVectors, checked_choice, checked_scoring, final_vectors
from kgrec.models.parts import NetworkParts, StepBatch


class CKE(Network):
    """``s(u, i) = z_u . (y_i + e_i)``: y is learned from behaviour, e from behaviour and facts together.

    Zhang et al. 2016, Collaborative Knowledge Base Embedding for Recommender Systems,
    https://doi.org/10.1145/2939672.2939673, its structural part; the vectors of item texts and images are
    left out. Facts are scored by TransR, ``-|h W_r + r - t W_r|^2``. The paper's pairwise preference loss is
    ``objective.preference=bpr``. Two things differ from the paper: a corrupted tail is one that the relation
    has elsewhere, where theirs is any entity (``corrupt=any``); the priors' weight on z and y + e is
    ``objective.l2``'s.

    Without facts there is no e, and the model is matrix factorisation. Cost: a step reads the batch's rows;
    see ``project_by_relation`` for the facts. Parameters: ``relations * dim * relation_dim`` beside the rows.
    """

    def __init__(self, parts: NetworkParts, config: CKEConfig) -> None:
        super().__init__()
        propagation, self.triples = parts.propagation, parts.triples
        self.n_users, self.n_items = propagation.n_users, propagation.n_items
        self.config, self.scoring = config, checked_scoring(config.scoring)
        checked_choice("init", config.init, INITS)
        checked_choice("corrupt", config.corrupt, CORRUPTS)
        self.user = nn.Parameter(torch.empty(self.n_users, config.dim))
        self.item = nn.Parameter(torch.empty(self.n_items, config.dim))
        if self.triples is not None:
            self.constants = ("triples",)
            n_relations = len(propagation.relations)
            self.node = nn.Parameter(torch.empty(self.n_items + propagation.n_entities, config.dim))
            self.relation = nn.Parameter(torch.empty(n_relations, config.relation_dim))
            self.projection = nn.Parameter(torch.empty(n_relations, config.dim, config.relation_dim))
        self.reset_parameters()

    @classmethod
    def build(cls, config: CKEConfig, parts: NetworkParts) -> "CKE":
        """From ``config``; of the graph only the facts are read."""
        return cls(parts, config)

    def reset_parameters(self) -> None:
        """Tables by ``init``. Projections are the identity, as TransR starts, where that is normal; else rows
        of ``dim * relation_dim`` numbers of one more table."""
        init, std = self.config.init, self.config.init_std
        for name, parameter in self.named_parameters():
            if name != "projection":
                draw_rows(parameter, init, std)
        if self.triples is None:
            return
        if init != "normal":
            draw_rows(self.projection.flatten(1), init, std)
            return
        for projection in self.projection:
            nn.init.eye_(projection)

    def forward(self) -> NodeVectors:
        """``y + e`` for items; without layers, the first vectors are the final ones before scaling."""
        items = self.item if self.triples is None else self.item + self.node[: self.n_items]
        return NodeVectors(
            users=final_vectors(self.user, self.scoring),
            items=final_vectors(items, self.scoring),
            knowledge=self.item if self.triples is None else self.node,
            relations=None,
            first_users=self.user,
            first_items=items,
        )

    def own_terms(self, vectors: NodeVectors, batch: StepBatch) -> dict[str, Tensor]:
        """``structural``: ``-log sigmoid(s - s_corrupted)`` of drawn facts; ``structural_l2``: priors."""
        if self.triples is None or self.config.structural <= 0:
            return {}
        drawn = self.triples.sample(self.config.triple_batch, batch.generator, self.config.corrupt)
        head, relation, tail, corrupted, usable = drawn
        start, true, false = (look_up(self.node, end) for end in (head, tail, corrupted))
        score = unit_transr_score if self.config.unit_length else transr_score
        positive, negative = (
            score(start, relation, end, self.relation, self.projection) for end in (true, false)
        )
        loss = weighted_mean(pairwise_loss(positive, negative), usable.to(positive))
        terms = {"structural": self.config.structural * loss}
        if self.config.structural_l2 > 0:
            terms["structural_l2"] = self.config.structural_l2 * self._l2([start, true, false], relation)
        return terms

    def _l2(self, ends: list[Tensor], relation: Tensor) -> Tensor:
        """Squared lengths of the ends ``(batch, dim)``, relations and projections, a fact."""
        # Per relation first: gathered for each fact the projections would be (batch, dim, relation_dim).
        lengths = self.relation.square().sum(1) + self.projection.square().sum((1, 2))
        total = torch.stack([end.square().sum() for end in ends]).sum() + look_up(lengths, relation).sum()
        return total / len(relation)
