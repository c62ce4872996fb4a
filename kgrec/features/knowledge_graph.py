"""The knowledge graph by label: the same graph gives the same arrays whatever order its rows came in."""

import hashlib
import json
from dataclasses import dataclass

import numpy as np

from kgrec.data.dataset import Dataset

_PREFIXES = ("item:", "entity:")


@dataclass(frozen=True)
class LabelledGraph:
    """Distinct triples over sorted labels, sorted themselves."""

    labels: list[str]
    """Nodes that occur in a triple: ``item:<id>`` or ``entity:<id>``, ascending."""
    relations: list[str]
    """Relations that occur in a triple, ascending."""
    triples: np.ndarray
    """``(n, 3)`` int64: positions of head, relation and tail in the lists above."""

    @classmethod
    def from_dataset(cls, dataset: Dataset) -> "LabelledGraph":
        """All triples of a data set; nodes and relations without one are left out."""
        rows = dataset.knowledge_rows()
        labels, ends = _by_label(node_labels(dataset), rows[:, [0, 2]])
        relations, kinds = _by_label(dataset.relations.ids, rows[:, 1])
        triples = np.column_stack([ends[:, 0], kinds, ends[:, 1]])
        return cls(labels, relations, np.unique(triples, axis=0))

    def __len__(self) -> int:
        """Number of triples."""
        return len(self.triples)

    def fingerprint(self) -> str:
        """SHA-256 of labels and triples."""
        digest = hashlib.sha256(json.dumps([self.labels, self.relations]).encode())
        digest.update(np.ascontiguousarray(self.triples, "<i8").tobytes())
        return digest.hexdigest()


def node_labels(dataset: Dataset) -> list[str]:
    """Labels of all items, then of all entities: the order of ``knowledge_rows``.

    The prefix keeps an item and an entity of one id apart.
    """
    names = (dataset.items.ids, dataset.entities.ids)
    return [prefix + name for prefix, ids in zip(_PREFIXES, names, strict=True) for name in ids]


def _by_label(names: list[str], rows: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Names that ``rows`` uses, ascending, and ``rows`` as positions in that list."""
    used = np.unique(rows).tolist()
    used.sort(key=names.__getitem__)
    position = np.full(len(names), -1, np.int64)
    position[used] = np.arange(len(used))
    return [names[row] for row in used], position[rows]
