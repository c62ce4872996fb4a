"""Query, person and item trained together: terms by hand, the graph with query nodes, a run of it all."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from torch.nn import functional as F

from kgrec.config import Config
from kgrec.data.config import DataConfig, SplitConfig
from kgrec.data.dataset import Dataset, build_dataset
from kgrec.data.splits import Split, make_split
from kgrec.data.tables import Tables
from kgrec.data.user_items import UserItems
from kgrec.errors import ConfigError
from kgrec.experiment import run_experiment
from kgrec.features.config import FusionConfig
from kgrec.features.fusion import FeatureFusion
from kgrec.features.node_features import NodeFeatures
from kgrec.graph import Propagation, build_graph
from kgrec.graph.triples import KnowledgeTriples
from kgrec.load_run import load_scorer
from kgrec.models.bpr import BPR
from kgrec.models.config import KgrecConfig
from kgrec.models.kgrec import Kgrec
from kgrec.models.network import Network
from kgrec.models.vectors import VectorModel
from kgrec.training.batches import Batch, InteractionBatches
from kgrec.training.config import L2Config, ObjectiveConfig, PreferenceConfig, SearchTermsConfig
from kgrec.training.objective import Objective

CPU = torch.device("cpu")
ALL = SearchTermsConfig(preference=0.5, temperature=0.3, anchored=0.2, text=0.4)


@pytest.fixture(scope="module")
def searched() -> Dataset:
    rng = np.random.default_rng(0)
    rows = []
    for user in range(20):
        for item in rng.choice(12, 5, replace=False):
            rows.append((f"u{user}", f"i{item}", None if item == 0 else f"kind {item % 3}"))
    facts = [(f"i{item}", "brand", f"b{item % 4}") for item in range(12)]
    return build_dataset(
        Tables(
            pl.DataFrame(rows, schema=["user", "item", "query"], orient="row"),
            pl.DataFrame(facts, schema=["head", "relation", "tail"], orient="row"),
        ),
        DataConfig(name="searched", queries="query"),
    )


@pytest.fixture(scope="module")
def parts(searched: Dataset) -> Split:
    return make_split(searched, SplitConfig(ratios=[0.6, 0.2, 0.2]))


@pytest.fixture
def made(searched: Dataset, parts: Split) -> tuple[Kgrec, Objective, Batch]:
    torch.manual_seed(0)
    train = parts.train
    assert train.queries is not None
    propagation = Propagation(build_graph(searched, train))
    sizes = propagation.n_users, propagation.n_items, propagation.n_entities
    text = F.normalize(torch.randn(sum(sizes), 7), dim=1)
    features = NodeFeatures(text, torch.ones(sum(sizes), dtype=torch.bool))
    fusion = FeatureFusion(sizes, features, FusionConfig(), 8)
    network = Kgrec(propagation, fusion, KgrecConfig(dim=8, layers=1))
    triples = KnowledgeTriples.from_dataset(searched, propagation.relations)
    index = UserItems.from_pairs(train.users, train.items, (len(searched.users), len(searched.items)))
    asked = train.queries >= 0
    answers = UserItems.from_pairs(
        train.queries[asked], train.items[asked], (len(searched.queries), len(searched.items))
    )
    config = ObjectiveConfig(PreferenceConfig(loss="none"), l2=L2Config(weight=0.0), search=ALL)
    objective = Objective.build(config, index, len(searched.items), triples, text, CPU, answers)
    batches = InteractionBatches(train.users, train.items, None, 1000, 0, CPU, queries=train.queries)
    return network, objective, next(batches.epoch(1))


def test_queries_are_nodes_between_their_people_and_items(searched: Dataset, parts: Split) -> None:
    graph = build_graph(searched, parts.train)
    assert graph["query"].num_nodes == 3
    train = parts.train
    assert train.queries is not None
    expected = {(u, q) for u, q in zip(train.users, train.queries, strict=True) if q >= 0}
    assert set(map(tuple, graph["user", "asks", "query"].edge_index.T.tolist())) == expected
    answers = {(q, i) for q, i in zip(train.queries, train.items, strict=True) if q >= 0}
    assert set(map(tuple, graph["query", "answered_by", "item"].edge_index.T.tolist())) == answers
    assert set(map(tuple, graph["item", "rev_answered_by", "query"].edge_index.flip(0).T.tolist())) == answers
    propagation = Propagation(graph)
    assert propagation.n_queries == 3
    assert propagation.n_entities == len(searched.entities) + 3
    behaviour = {
        name for name, own in zip(propagation.relations, propagation.is_interaction, strict=True) if own
    }
    assert behaviour == {r + n for r in ("", "rev_") for n in ("interacts", "asks", "answered_by")}
    # What is known of the world is not what people did: no fact reaches a query or leaves one.
    nodes = propagation.knowledge().adjacency.matrix.to_dense().abs().sum(1)
    assert (nodes[-3:] == 0).all()
    assert propagation.bipartite().shape == (32, 32)


def test_person_and_query_together_prefer_by_hand(made: tuple[Kgrec, Objective, Batch]) -> None:
    network, objective, batch = made
    vectors = network()
    assert vectors.queries is not None and batch.queries is not None
    terms = objective(network, batch)
    assert list(terms) == ["search", "search_anchored", "search_text"]
    asked = [n for n, q in enumerate(batch.queries.tolist()) if q >= 0]
    assert 0 < len(asked) < len(batch.users)
    losses = []
    for n in asked:
        x = vectors.users[batch.users[n]] + vectors.queries[batch.queries[n]]
        scores = torch.stack([x @ y / x.norm() for y in vectors.items]) / 0.3
        losses.append(scores.logsumexp(0) - scores[batch.items[n]])
    torch.testing.assert_close(terms["search"], 0.5 * torch.stack(losses).mean())


def test_the_text_of_a_query_is_near_its_answers_by_hand(made: tuple[Kgrec, Objective, Batch]) -> None:
    network, objective, batch = made
    assert objective.search is not None and objective.search.text is not None and batch.queries is not None
    vectors = network()
    asked = batch.queries >= 0
    queries, items = batch.queries[asked].tolist(), batch.items[asked].tolist()
    answers = {q: {i for p, i in zip(queries, items, strict=True) if p == q} for q in queries}
    projected = network.project_text(objective.search.text)
    assert projected is not None
    losses = []
    for query, item in zip(queries, items, strict=True):
        cosines = F.cosine_similarity(projected[query].unsqueeze(0), vectors.items) / 0.1
        others = [cosines[j] for j in items if j not in answers[query]]
        losses.append(torch.stack([*others, cosines[item]]).logsumexp(0) - cosines[item])
    terms = objective(network, batch)
    torch.testing.assert_close(terms["search_text"], 0.4 * torch.stack(losses).mean())


def test_all_that_is_asked_gets_a_gradient(made: tuple[Kgrec, Objective, Batch]) -> None:
    network, objective, batch = made
    torch.stack(list(objective(network, batch).values())).sum().backward()
    assert network.fusion.free is not None and network.fusion.free.grad is not None
    assert (network.fusion.free.grad[-3:].abs().sum(1) > 0).all()
    assert network.fusion.text_map is not None and network.fusion.text_map.weight.grad is not None


def test_a_batch_without_queries_costs_nothing(made: tuple[Kgrec, Objective, Batch]) -> None:
    network, objective, batch = made
    assert batch.queries is not None
    plain = replace(batch, queries=torch.full_like(batch.queries, -1))
    terms = objective(network, plain)
    assert {name: float(value) for name, value in terms.items()} == {
        "search": 0.0,
        "search_anchored": 0.0,
        "search_text": 0.0,
    }
    torch.stack(list(terms.values())).sum().backward()
    gradients = [p.grad for p in network.parameters() if p.grad is not None]
    assert gradients and all((gradient == 0).all() for gradient in gradients)


def test_l2_counts_the_batchs_queries(made: tuple[Kgrec, Objective, Batch]) -> None:
    network, objective, batch = made
    assert batch.queries is not None
    first = network.fusion()
    people, items = first[batch.users], first[len(first) - 19 :][batch.items]
    queries = first[-3:][batch.queries[batch.queries >= 0]]
    expected = sum(rows.square().sum() for rows in (people, items, queries)) / len(batch.users)
    torch.testing.assert_close(objective._l2(network(), batch), expected)


def test_a_model_without_queries_is_refused(made: tuple[Kgrec, Objective, Batch]) -> None:
    _, objective, batch = made
    with pytest.raises(ConfigError, match="makes no vectors of queries"):
        objective(BPR(20, 12, 4, "dot", 0.1), batch)


def test_without_queries_the_terms_are_off(
    make_objective: Callable[[ObjectiveConfig], Objective], network: Network, batch: Batch
) -> None:
    assert "search" not in make_objective(ObjectiveConfig(search=ALL))(network, batch)


def test_a_run_with_queries_keeps_their_vectors(
    composed: Callable[..., Config], shop: Path, tmp_path: Path, cache: Path
) -> None:
    frame = pl.read_csv(shop / "interactions.csv")
    words = pl.col("item").str.slice(1).cast(pl.Int64) % 3
    frame.with_columns(query=pl.concat_str(pl.lit("taste "), words)).write_csv(tmp_path / "asked.csv")
    config = composed(
        "model=kgrec",
        "model.dim=8",
        "data.queries=query",
        f"data.files.interactions={tmp_path / 'asked.csv'}",
        "objective.search.preference=1",
        "objective.search.anchored=0.1",
        "objective.search.text=0.1",
    )
    run = run_experiment(config, tmp_path / "run")
    scorer = load_scorer(run, "cpu")
    assert isinstance(scorer, VectorModel) and scorer.query_vectors is not None
    assert scorer.query_vectors.shape == (3, 8)
    assert pl.read_parquet(run.path / "vocabulary" / "queries.parquet")["id"].sort().to_list() == [
        f"taste {n}" for n in range(3)
    ]
    history = (run.path / "history.jsonl").read_text()
    assert all(f"loss/{name}" in history for name in ("search", "search_anchored", "search_text"))
