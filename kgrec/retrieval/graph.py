"""Items by knowledge: those of the entities that a query names, and those that share facts with good hits."""

import numpy as np
from torch import Tensor

from kgrec.query.understanding import Query
from kgrec.retrieval.base import NOTHING, Candidates, best_of
from kgrec.retrieval.config import GraphConfig
from kgrec.retrieval.fact_table import FactTable

Fact = tuple[str, str]
"""Labels of a relation and of what it leads to."""


class GraphRetriever:
    """``s(i) = sum_e c_e idf_e [i ~ e] / sum_e c_e idf_e + decay o(i) + feedback f(i)``.

    e are the entities that the query names with confidence c_e, and an item that the query names is its own;
    the first term is 1 where an item has every fact that the query names. ``o(i)``: entities e' next to a
    named one, ``sum_e' c_e' [i ~ e']`` with ``c_e' = idf_e' max_e c_e idf_e`` over the same sum, scaled down
    where the largest is above 1. ``f(i)``: facts shared with the first hits h of other retrievers, ``sum_e
    idf_e [i ~ e] sum_h w_h [h ~ e]`` with ``w_h = 1 / rank``, divided by its largest value: relevance
    feedback (Lavrenko and Croft, SIGIR 2001, https://doi.org/10.1145/383952.383972) with entities for words.
    Costs what the facts of the named entities are, and a few passes over the nodes.
    """

    name = "graph"

    def __init__(self, facts: FactTable, config: GraphConfig) -> None:
        self.facts, self.config = facts, config

    def retrieve(
        self,
        query: Query,
        vector: Tensor | None,
        user: int | None,
        k: int,
        allowed: np.ndarray | None = None,
    ) -> Candidates:
        """Items by the entities that the query names, without feedback."""
        return self.expand(query, NOTHING, k, allowed)

    def expand(self, query: Query, hits: Candidates, k: int, allowed: np.ndarray | None = None) -> Candidates:
        """The same with feedback from the first ``hits`` of other retrievers."""
        scores = self._linked(*self.linked_nodes(query))
        if self.config.feedback > 0 and len(hits):
            scores += self.config.feedback * self._shared(hits.items[: self.config.feedback_hits])
        return best_of(scores, k, above=0.0, allowed=allowed)

    def linked_nodes(self, query: Query) -> tuple[np.ndarray, np.ndarray]:
        """Nodes that the query names, ``(n,)`` int64, and with which confidence, ``(n,)`` float64."""
        found: dict[int, float] = {}
        for link in query.links:
            node = self.facts.node(link.id)
            if node is not None:
                found[node] = max(found.get(node, 0.0), link.score)
        return np.array(list(found), np.int64), np.array(list(found.values()), np.float64)

    def matched(self, item: int, query: Query) -> list[Fact]:
        """Facts of an item that the query names, at one hop or at two (then both facts of the way)."""
        linked = set(self.linked_nodes(query)[0].tolist())
        matched: list[Fact] = []
        for relation, other in self._facts_of(item):
            if other in linked:
                matched.append((self.facts.relation_label(relation), self.facts.label(other)))
            elif other >= self.facts.n_items and linked:
                onward = [fact for fact in self._entity_facts(other) if fact[1] in linked]
                if onward:
                    steps = [(relation, other), *onward]
                    matched += [(self.facts.relation_label(r), self.facts.label(node)) for r, node in steps]
        return list(dict.fromkeys(fact for fact in matched if fact[1]))

    def shared(self, item: int, hits: Candidates, n: int = 3) -> list[Fact]:
        """Facts of an item that the first of ``hits`` have too (others than itself), rarest first."""
        first = hits.items[: self.config.feedback_hits]
        theirs = set(self.facts.of(first[first != item])[2].tolist())
        common = [
            (-self.facts.idf[other], relation, other)
            for relation, other in self._facts_of(item)
            if other in theirs and other >= self.facts.n_items and self.facts.label(other)
        ]
        return [(self.facts.relation_label(r), self.facts.label(other)) for _, r, other in sorted(common)[:n]]

    def _linked(self, nodes: np.ndarray, confidence: np.ndarray) -> np.ndarray:
        """``(n_items,)``: the first two terms."""
        facts, n_items = self.facts, self.facts.n_items
        if len(nodes) == 0:
            return np.zeros(n_items)
        weights = confidence * facts.idf[nodes]
        weights /= max(float(weights.sum()), 1e-9)
        scores = facts.spread(nodes, weights)[:n_items]
        named = nodes < n_items
        scores[nodes[named]] += weights[named]
        if self.config.decay > 0:
            scores += self.config.decay * self._onward(nodes, weights)
        return scores

    def _onward(self, nodes: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """``(n_items,)`` in [0, 1]: o."""
        facts, n_items = self.facts, self.facts.n_items
        place, _, others = facts.of(nodes)
        # The largest and not the sum: a hub next to many named entities is no better for it.
        reached = np.zeros(facts.n_nodes)
        np.maximum.at(reached, others, weights[place])
        reached[:n_items] = 0
        reached[nodes] = 0
        entities = np.flatnonzero(reached)
        onward = facts.spread(entities, reached[entities] * facts.idf[entities])[:n_items]
        # A named item has dozens of entities; what shares them all is no better than a named fact.
        return onward / max(1.0, float(onward.max(initial=0.0)))

    def _shared(self, hits: np.ndarray) -> np.ndarray:
        """``(n_items,)`` in [0, 1]: f."""
        facts = self.facts
        weights = facts.spread(hits, 1.0 / (1 + np.arange(len(hits)))) * facts.idf
        # What one item alone has leads nowhere else.
        weights[facts.item_counts < 2] = 0
        weights[: facts.n_items] = 0
        entities = np.flatnonzero(weights)
        shared = facts.spread(entities, weights[entities])[: facts.n_items]
        largest = float(shared.max(initial=0.0))
        return shared / largest if largest > 0 else shared

    def _facts_of(self, node: int) -> list[tuple[int, int]]:
        _, relations, others = self.facts.of(np.array([node]))
        return list(zip(relations.tolist(), others.tolist(), strict=True))

    def _entity_facts(self, node: int) -> list[tuple[int, int]]:
        """Facts between entities; those of a hub with its items are not even read."""
        first, last = self.facts.starts[node], self.facts.starts[node + 1]
        others = self.facts.others[first:last]
        chosen = np.flatnonzero(others >= self.facts.n_items)
        return list(
            zip(self.facts.relations[first:last][chosen].tolist(), others[chosen].tolist(), strict=True)
        )
