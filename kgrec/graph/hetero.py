"""The user-item-entity graph as PyG ``HeteroData``: train interactions and their queries, knowledge, and
every reverse edge."""

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from kgrec.data.dataset import Dataset
from kgrec.data.splits import Part
from kgrec.errors import DataError

INTERACTS = "interacts"
ASKS = "asks"
ANSWERED_BY = "answered_by"
REVERSE_PREFIX = "rev_"

NODE_TYPES = ("user", "item", "entity")


def reverse_name(relation: str) -> str:
    """Name of the edge type that runs against ``relation``."""
    return REVERSE_PREFIX + relation


def build_graph(dataset: Dataset, train: Part, weights: np.ndarray | None = None) -> HeteroData:
    """Build the graph that a model may see: interactions of ``train`` only, all triples, all reverses.

    Node types ``user``, ``item`` and ``entity`` are disjoint; rows are those of the vocabularies. Edge types
    are ``(user, interacts, item)``, one per (head type, relation, tail type), and ``rev_<relation>`` for
    each. ``weights`` ``(n_train,)`` becomes the ``weight`` of the interaction edges; pairs that occur more
    than once in ``train`` are one edge with their largest weight. Where interactions have queries, those are
    nodes of their own, ``(user, asks, query)`` and ``(query, answered_by, item)``.

    Raises:
        DataError: a relation is called like the interactions or like another relation's reverse.
    """
    behaviour = [INTERACTS] + ([ASKS, ANSWERED_BY] if train.queries is not None else [])
    _refuse_taken_names(dataset.relations.ids, behaviour)
    graph = HeteroData()
    counts = {"user": len(dataset.users), "item": len(dataset.items), "entity": len(dataset.entities)}
    for node_type, count in counts.items():
        graph[node_type].num_nodes = count
    pairs, weight = _distinct_pairs(train, weights, counts["item"])
    _add_edges(graph, "user", INTERACTS, "item", pairs, weight)
    if train.queries is not None:
        _add_queries(graph, train, train.queries, len(dataset.queries))
    for head, name, tail, edges in _typed_triples(dataset):
        _add_edges(graph, head, name, tail, edges, None)
    return graph


def _add_queries(graph: HeteroData, train: Part, queries: np.ndarray, n_queries: int) -> None:
    """Who asked what, and what they took; a query that only valid or test has is a node without edges."""
    graph["query"].num_nodes = n_queries
    asked = queries >= 0
    for head, name, tail, ends in (
        ("user", ASKS, "query", (train.users, queries)),
        ("query", ANSWERED_BY, "item", (queries, train.items)),
    ):
        _add_edges(graph, head, name, tail, np.unique(np.stack(ends)[:, asked], axis=1), None)


def _refuse_taken_names(relations: list[str], behaviour: list[str]) -> None:
    """Two relations under one name would be one gate row, and one edge type would replace the other."""
    taken = {*behaviour} | {reverse_name(name) for name in (*behaviour, *relations)}
    for name in relations:
        if name in taken:
            raise DataError(f"triples: the relation {name!r} bears a name of the graph's own; rename it")


def _distinct_pairs(train: Part, weights: np.ndarray | None, n_items: int) -> tuple[np.ndarray, Tensor]:
    weight = np.ones(len(train.users), np.float32) if weights is None else weights.astype(np.float32)
    keys = train.users * n_items + train.items
    distinct, inverse = np.unique(keys, return_inverse=True)
    largest = np.full(len(distinct), -np.inf, np.float32)
    np.maximum.at(largest, inverse, weight)
    return np.stack([distinct // n_items, distinct % n_items]), torch.from_numpy(largest)


def _typed_triples(dataset: Dataset) -> list[tuple[str, str, str, np.ndarray]]:
    """Triples grouped by (head type, relation, tail type), node rows local to their type."""
    triples = dataset.knowledge_rows()
    n_items = len(dataset.items)
    is_entity = triples[:, [0, 2]] >= n_items
    local = triples[:, [0, 2]] - n_items * is_entity
    group = triples[:, 1] * 4 + is_entity[:, 0] * 2 + is_entity[:, 1]
    names = dataset.relations.ids
    typed = []
    for code in np.unique(group):
        relation, ends = divmod(int(code), 4)
        head, tail = NODE_TYPES[1 + ends // 2], NODE_TYPES[1 + ends % 2]
        typed.append((head, names[relation], tail, local[group == code].T))
    return typed


def _add_edges(
    graph: HeteroData, head: str, relation: str, tail: str, edges: np.ndarray, weight: Tensor | None
) -> None:
    edge_index = torch.from_numpy(np.ascontiguousarray(edges, dtype=np.int64))
    forward = graph[head, relation, tail]
    backward = graph[tail, reverse_name(relation), head]
    forward.edge_index, backward.edge_index = edge_index, edge_index.flip(0).contiguous()
    if weight is not None:
        forward.weight, backward.weight = weight, weight
