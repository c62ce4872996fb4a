"""What is known of each node, both ways round, by rows: what the graph retriever walks and explains with."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from kgrec.data.dataset import Dataset
from kgrec.query.hidden import visible_triples
from kgrec.query.named import entity_names


@dataclass(frozen=True)
class FactTable:
    """Facts of node v: ``starts[v]`` to ``starts[v + 1]`` of ``relations`` and ``others``.

    Nodes are items ``[0, I)``, then entities ``[I, I + E)``. Every triple stands here at both ends.
    """

    dataset: Dataset
    starts: np.ndarray
    """``(nodes + 1,)`` int64."""
    relations: np.ndarray
    others: np.ndarray
    """``(2 * triples,)`` int64 each: relation row, and the node at the other end."""
    neighbour_starts: np.ndarray
    neighbours: np.ndarray
    """The same without relations: nodes that any fact joins to v, each once."""
    item_counts: np.ndarray
    """``(nodes,)`` int64: items that some fact joins to the node, each once."""
    idf: np.ndarray
    """``(nodes,)`` float64 in [0, 1]: ``log((1 + I) / (1 + n_v)) / log(1 + I)``, n_v the item count."""

    names: list[str]
    """What people call each entity; ``""`` where an id is all there is."""

    @classmethod
    def from_dataset(cls, dataset: Dataset, hidden_relations: Sequence[str] = ()) -> "FactTable":
        """Index the visible triples of a data set.

        Raises:
            ConfigError: a hidden relation is neither a relation nor a column.
        """
        dataset = replace(dataset, triples=visible_triples(dataset, hidden_relations))
        n_items = len(dataset.items)
        n_nodes = n_items + len(dataset.entities)
        facts = dataset.knowledge_rows()
        ends = np.concatenate([facts[:, 0], facts[:, 2]])
        others = np.concatenate([facts[:, 2], facts[:, 0]])
        order = np.argsort(ends, kind="stable")
        pairs = np.unique(ends * n_nodes + others)
        first, neighbours = pairs // max(1, n_nodes), pairs % max(1, n_nodes)
        counts = np.bincount(first[neighbours < n_items], minlength=n_nodes)
        names = entity_names(dataset, dataset.entities.ids)
        idf = np.log((1 + n_items) / (1 + np.minimum(counts, n_items))) / np.log(1 + max(1, n_items))
        return cls(
            dataset,
            _starts(ends, n_nodes),
            np.tile(facts[:, 1], 2)[order],
            others[order],
            _starts(first, n_nodes),
            neighbours,
            counts,
            idf,
            names,
        )

    @property
    def n_items(self) -> int:
        """Nodes below this are items."""
        return len(self.dataset.items)

    @property
    def n_nodes(self) -> int:
        """Items and entities."""
        return len(self.starts) - 1

    def node(self, name: str) -> int | None:
        """The node of an item's or an entity's external id."""
        if name in self.dataset.items:
            return self.dataset.items.row(name)
        if name in self.dataset.entities:
            return self.n_items + self.dataset.entities.row(name)
        return None

    def of(self, nodes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Facts of some nodes: place in ``nodes``, relation row and other end, ``(m,)`` each; no loop."""
        place, fact = _places(self.starts, nodes)
        return place, self.relations[fact], self.others[fact]

    def spread(self, nodes: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """``(n_nodes,)`` float64: what each node receives when every node of ``nodes`` gives its weight to
        each of its neighbours, once however many facts join the two."""
        place, neighbour = _places(self.neighbour_starts, nodes)
        others = self.neighbours[neighbour]
        # Without any fact bincount answers in whole numbers.
        return np.bincount(others, weights[place], minlength=self.n_nodes).astype(np.float64, copy=False)

    def label(self, node: int) -> str:
        """What people call a node: an item's title (else its id), an entity's name (else ``""``)."""
        if node < self.n_items:
            return self.dataset.catalogue["title"][node] or self.dataset.items.ids[node]
        return self.names[node - self.n_items]

    def relation_label(self, relation: int) -> str:
        """What people call a relation."""
        name = self.dataset.relations.ids[relation]
        return self.dataset.relation_labels.get(name, name)


def _starts(ends: np.ndarray, n_nodes: int) -> np.ndarray:
    """Where the rows of each node begin, ``(n_nodes + 1,)``, once sorted by node."""
    starts = np.zeros(n_nodes + 1, np.int64)
    np.cumsum(np.bincount(ends, minlength=n_nodes), out=starts[1:])
    return starts


def _places(starts: np.ndarray, nodes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows of some nodes: place in ``nodes``, and row, ``(m,)`` each; no loop."""
    first, counts = starts[nodes], starts[nodes + 1] - starts[nodes]
    place = np.repeat(np.arange(len(nodes)), counts)
    return place, np.arange(len(place)) + np.repeat(first - (np.cumsum(counts) - counts), counts)
