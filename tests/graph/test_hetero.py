"""The graph holds train only, every reverse, and disjoint node types."""

import os

import numpy as np
import polars as pl
import pytest
import torch
from torch_geometric.data import HeteroData

from kgrec.data.config import DataConfig, SplitConfig
from kgrec.data.dataset import Dataset, build_dataset, with_triples
from kgrec.data.knowledge import with_knowledge
from kgrec.data.load import load_dataset
from kgrec.data.splits import Part, Split, make_split
from kgrec.data.tables import Tables
from kgrec.errors import DataError
from kgrec.graph import INTERACTS, build_graph, reverse_name


def interaction_pairs(graph: HeteroData) -> set[tuple[int, int]]:
    return set(zip(*graph["user", INTERACTS, "item"].edge_index.tolist(), strict=True))


def pairs(part: Part) -> set[tuple[int, int]]:
    return set(zip(part.users.tolist(), part.items.tolist(), strict=True))


def assert_no_leak(dataset: Dataset, split: Split) -> None:
    graph = build_graph(dataset, split.train)
    edges = interaction_pairs(graph)
    assert edges == pairs(split.train)
    assert not edges & (pairs(split.valid) | pairs(split.test))
    touching_users = [edge_type for edge_type in graph.edge_types if "user" in (edge_type[0], edge_type[2])]
    assert set(touching_users) == {("user", INTERACTS, "item"), ("item", reverse_name(INTERACTS), "user")}


def test_no_valid_or_test_pair_is_an_edge(dataset: Dataset, split: Split) -> None:
    assert len(split.valid) > 0
    assert len(split.test) > 0
    assert_no_leak(dataset, split)


def test_no_valid_or_test_pair_of_lastfm_is_an_edge() -> None:
    if not os.environ.get("KGREC_DATA"):
        pytest.skip("needs the lastfm files: set KGREC_DATA")
    files = {part: f"lastfm.{part}.inter" for part in ("train", "valid", "test")}
    config = DataConfig(name="lastfm", source="recbole", files=files, split=SplitConfig(method="given"))
    real = load_dataset(config)
    assert_no_leak(real, make_split(real, config.split))


def test_every_relation_has_its_reverse(dataset: Dataset, split: Split) -> None:
    graph = build_graph(dataset, split.train)
    forward = [edge_type for edge_type in graph.edge_types if not edge_type[1].startswith("rev_")]
    assert len(forward) * 2 == len(graph.edge_types)
    for head, relation, tail in forward:
        edges = graph[head, relation, tail].edge_index
        assert torch.equal(graph[tail, reverse_name(relation), head].edge_index, edges.flip(0))


def test_every_triple_is_an_edge_between_the_right_types(dataset: Dataset, split: Split) -> None:
    graph = build_graph(dataset, split.train)
    found = set()
    for head, relation, tail in graph.edge_types:
        if relation == INTERACTS or relation.startswith("rev_"):
            continue
        names = {"item": dataset.items.ids, "entity": dataset.entities.ids}
        for a, b in graph[head, relation, tail].edge_index.T.tolist():
            found.add((names[head][a], relation, names[tail][b]))
    assert found == set(dataset.triples.select("head", "relation", "tail").iter_rows())


def test_node_types_are_disjoint_and_counted(dataset: Dataset, split: Split) -> None:
    graph = build_graph(dataset, split.train)
    assert not set(dataset.items.ids) & set(dataset.entities.ids)
    counts = {name: graph[name].num_nodes for name in ("user", "item", "entity")}
    assert counts == {"user": len(dataset.users), "item": 15, "entity": len(dataset.entities)}
    graph.validate()


def test_without_knowledge_there_are_interactions_only(dataset: Dataset, split: Split) -> None:
    graph = build_graph(with_knowledge(dataset, "none", 0), split.train)
    assert {edge_type[1] for edge_type in graph.edge_types} == {INTERACTS, reverse_name(INTERACTS)}
    assert graph["entity"].num_nodes == 0


def test_a_repeated_pair_is_one_edge_with_its_largest_weight(dataset: Dataset) -> None:
    part = Part(np.array([1, 1, 0]), np.array([2, 2, 3]))
    graph = build_graph(dataset, part, np.array([0.5, 2.0, 1.0], np.float32))
    store = graph["user", INTERACTS, "item"]
    weights = dict(zip(map(tuple, store.edge_index.T.tolist()), store.weight.tolist(), strict=True))
    assert weights == {(0, 3): 1.0, (1, 2): 2.0}


@pytest.mark.parametrize("names", [["interacts"], ["rev_interacts"], ["likes", "rev_likes"]])
def test_a_relation_with_a_name_of_the_graphs_own_is_refused(
    dataset: Dataset, split: Split, names: list[str]
) -> None:
    triples = pl.DataFrame({"head": ["i0"] * len(names), "relation": names, "tail": ["e0"] * len(names)})
    with pytest.raises(DataError, match=f"relation '{names[-1]}' bears a name of the graph's own"):
        build_graph(with_triples(dataset, triples, {}), split.train)


def test_a_relation_may_begin_like_a_reverse(dataset: Dataset, split: Split) -> None:
    triples = pl.DataFrame({"head": ["i0"], "relation": ["rev_up"], "tail": ["e0"]})
    graph = build_graph(with_triples(dataset, triples, {}), split.train)
    assert ("item", "rev_up", "entity") in graph.edge_types
    assert ("entity", "rev_rev_up", "item") in graph.edge_types


def test_user_and_item_under_one_id_stay_two_nodes() -> None:
    tables = Tables(
        pl.DataFrame({"user": ["7", "8"], "item": ["7", "7"]}),
        pl.DataFrame({"head": ["7"], "relation": ["r"], "tail": ["8"]}),
    )
    dataset = build_dataset(tables, DataConfig(name="clash"))
    graph = build_graph(dataset, Part(*dataset.interaction_rows()))
    assert [graph[name].num_nodes for name in ("user", "item", "entity")] == [2, 1, 1]
    assert graph["item", "r", "entity"].edge_index.tolist() == [[0], [0]]
