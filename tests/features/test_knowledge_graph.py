from collections.abc import Callable

import numpy as np

from kgrec.data.dataset import Dataset
from kgrec.features.knowledge_graph import LabelledGraph, node_labels


def named(graph: LabelledGraph) -> set[tuple[str, str, str]]:
    return {(graph.labels[h], graph.relations[r], graph.labels[t]) for h, r, t in graph.triples.tolist()}


def test_triples_by_label(shop: Dataset) -> None:
    graph = LabelledGraph.from_dataset(shop)
    assert named(graph) == {
        ("item:i1", "brand", "entity:Acme"),
        ("item:i2", "brand", "entity:Acme"),
        ("item:i3", "brand", "entity:m.0bln8"),
        ("entity:Acme", "based_in", "entity:Oslo"),
        ("entity:m.0bln8", "based_in", "entity:Oslo"),
        ("item:i1", "goes_with", "item:i2"),
    }
    # i4 is in no triple, so it is no node of the graph.
    assert graph.labels == sorted(graph.labels) and "item:i4" not in graph.labels


def test_order_of_rows_changes_nothing(make_shop: Callable[..., Dataset], shop: Dataset) -> None:
    facts = shop.triples.rows()
    one, other = LabelledGraph.from_dataset(shop), LabelledGraph.from_dataset(make_shop(facts=facts[::-1]))
    assert one.labels == other.labels and np.array_equal(one.triples, other.triples)
    assert one.fingerprint() == other.fingerprint()


def test_fingerprint_sees_one_changed_tail(make_shop: Callable[..., Dataset], shop: Dataset) -> None:
    facts = [("i3", "brand", "Acme") if fact[0] == "i3" else fact for fact in shop.triples.rows()]
    changed = LabelledGraph.from_dataset(make_shop(facts=facts))
    assert changed.fingerprint() != LabelledGraph.from_dataset(shop).fingerprint()


def test_labels_follow_the_rows_of_the_data_set(shop: Dataset) -> None:
    labels = node_labels(shop)
    for head, relation, tail in shop.knowledge_rows().tolist():
        fact = (labels[head], shop.relations.ids[relation], labels[tail])
        assert fact in named(LabelledGraph.from_dataset(shop))


def test_no_triples(make_shop: Callable[..., Dataset]) -> None:
    graph = LabelledGraph.from_dataset(make_shop(facts=[]))
    assert len(graph) == 0 and graph.labels == []
