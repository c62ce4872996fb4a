"""From trails by rows to paths that people read."""

import numpy as np

from kgrec.data.vocabulary import Vocabulary
from kgrec.explanation.paths import INTERACTED, Edge, Node, Path
from kgrec.explanation.trails import OTHER_PERSON, SHARED, Trail
from kgrec.explanation.words import Told, relation_words, sentence
from kgrec.features.templates import relation_texts
from kgrec.retrieval.fact_table import FactTable

INTERACTED_WORDS = {"en": "had", "zh": "选过"}


class PathMaker:
    """Names, directions and words. Memory: 8 bytes a fact, for directions."""

    def __init__(self, facts: FactTable) -> None:
        self.facts = facts
        dataset = facts.dataset
        self.relations = relation_texts(dataset.relations.ids, dataset.relation_labels)
        rows = dataset.knowledge_rows()
        self._forward = np.unique(self._key(rows[:, 0], rows[:, 1], rows[:, 2]))

    def path(self, trail: Trail, user: str, drop: float, language: str) -> Path:
        """The path of a trail, from ``user`` (``""`` for a person without a name) to the item."""
        nodes = [Node("user", user, user), self._node(trail.past)]
        edges = [Edge(0, 1, INTERACTED, INTERACTED_WORDS[language])]
        if trail.kind == OTHER_PERSON:
            nodes.append(Node("user", "", ""))
            edges.append(Edge(2, 1, INTERACTED, INTERACTED_WORDS[language]))
            edges.append(Edge(2, 3, INTERACTED, INTERACTED_WORDS[language]))
        if trail.kind == SHARED:
            nodes.append(self._node(trail.via))
        nodes.append(self._node(trail.item))
        for place, (one, relation, other) in enumerate(trail.facts, start=1):
            along = self._stands(one, relation, other)
            ends = (place, place + 1) if along else (place + 1, place)
            name = self.facts.dataset.relations.ids[relation]
            edges.append(Edge(*ends, name, relation_words(self.relations[relation], language)))
        return Path(tuple(nodes), tuple(edges), drop, self._words(trail, language))

    def _words(self, trail: Trail, language: str) -> str:
        labels = [relation_words(self.relations[r], language) for r in trail.relations] or [""]
        via = self.facts.label(trail.via) if trail.kind == SHARED else ""
        past, item = self._node(trail.past).label, self._node(trail.item).label
        return sentence(Told(trail.kind, past, item, via, labels[0], labels[-1]), language)

    def _node(self, node: int) -> Node:
        facts = self.facts
        if node < facts.n_items:
            return Node("item", facts.dataset.items.ids[node], facts.label(node))
        entities: Vocabulary = facts.dataset.entities
        name = entities.ids[node - facts.n_items]
        return Node("entity", name, facts.label(node) or name)

    def _key(self, head: np.ndarray, relation: np.ndarray, tail: np.ndarray) -> np.ndarray:
        keys: np.ndarray = (head * len(self.relations) + relation) * self.facts.n_nodes + tail
        return keys

    def _stands(self, head: int, relation: int, tail: int) -> bool:
        """Whether the fact is in the data this way round."""
        key = self._key(np.array(head), np.array(relation), np.array(tail))
        place = int(np.searchsorted(self._forward, key))
        return place < len(self._forward) and bool(self._forward[place] == key)
