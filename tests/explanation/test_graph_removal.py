"""The fast removal against the slow one: the graph built anew, the network run over it again."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import torch

from kgrec.data.dataset import Dataset
from kgrec.data.splits import Part
from kgrec.explanation.graph_removal import GraphRemoval, graph_removal
from kgrec.explanation.trails import OTHER_PERSON, SHARED, Trail
from kgrec.graph.hetero import build_graph
from kgrec.graph.propagation import Propagation
from kgrec.load_run import load_dataset
from kgrec.models.network import final_vectors
from kgrec.recommender import Recommender
from kgrec.retrieval.people import Person
from kgrec.run import Run


@pytest.fixture(scope="module")
def recommender(trained: Callable[[str], Run]) -> Recommender:
    return Recommender.load(trained("kgrec").path)


@pytest.fixture(scope="module")
def dataset(recommender: Recommender) -> Dataset:
    parts = ("train", "valid") if recommender.config.training.refit else ("train",)
    return load_dataset(recommender.run, parts)


@pytest.fixture(scope="module")
def removal(recommender: Recommender) -> GraphRemoval:
    found = graph_removal(recommender.run, recommender.config, recommender.scorer)
    assert found is not None
    return found


def vectors(recommender: Recommender, dataset: Dataset, names: tuple[str, ...]) -> torch.Tensor:
    """All nodes by whole propagation; gates follow the relations' names."""
    tensors = recommender.run.read_tensors("model.safetensors")
    graph = Propagation(build_graph(dataset, Part(*dataset.interaction_rows())))
    gates = torch.stack([tensors["gate"][names.index(name)] for name in graph.relations])
    messages, model = graph.relational(recommender.config.model.normalisation), recommender.config.model
    total = current = tensors["fusion.free"]
    for _ in range(model.layers):
        current = messages(current, gates)
        total = total + current
    return final_vectors(total / (model.layers + 1), model.scoring)


def without(dataset: Dataset, pairs: list[tuple[int, int]], facts: list[tuple[str, str]]) -> Dataset:
    kept = pl.lit(True)
    for user, item in pairs:
        kept &= ~((pl.col("user") == dataset.users.ids[user]) & (pl.col("item") == dataset.items.ids[item]))
    told = pl.lit(True)
    for head, tail in facts:
        told &= ~((pl.col("head") == head) & (pl.col("tail") == tail))
    return replace(
        dataset, interactions=dataset.interactions.filter(kept), triples=dataset.triples.filter(told)
    )


def names_of(dataset: Dataset) -> tuple[str, ...]:
    return Propagation(build_graph(dataset, Part(*dataset.interaction_rows()))).relations


@pytest.mark.parametrize("user", [0, 7, 21])
def test_a_shared_fact_and_the_interaction_really_go(
    recommender: Recommender, dataset: Dataset, removal: GraphRemoval, user: int
) -> None:
    past = UserPast(dataset, user)
    n_items, brand = len(dataset.items), dataset.relations.row("brand")
    have = dict(dataset.triples.select("head", "tail").iter_rows())
    item = next(
        row
        for row in range(n_items)
        if row not in past.items and have[dataset.items.ids[row]] == have[dataset.items.ids[past.items[0]]]
    )
    entity = have[dataset.items.ids[item]]
    via = n_items + dataset.entities.row(entity)
    trail = Trail(SHARED, past.items[0], item, via, (brand, brand), 1.0)
    person = Person(user, np.array(past.items), np.ones(len(past.items), np.float32))
    names = names_of(dataset)
    before = vectors(recommender, dataset, names)
    ends = [(dataset.items.ids[one], entity) for one in (past.items[0], item)]
    after = vectors(recommender, without(dataset, [(user, past.items[0])], ends), names)
    n_users = len(dataset.users)
    expected = before[user] @ before[n_users + item] - after[user] @ after[n_users + item]
    assert removal.drops(person, item, [trail])[0] == pytest.approx(float(expected), abs=2e-5)
    assert abs(float(expected)) > 1e-4


def test_another_persons_interactions_go(
    recommender: Recommender, dataset: Dataset, removal: GraphRemoval
) -> None:
    user, other = 0, 3
    mine, theirs = UserPast(dataset, user).items, UserPast(dataset, other).items
    past = next(item for item in mine if item in theirs)
    item = next(item for item in theirs if item not in mine)
    trail = Trail(OTHER_PERSON, past, item, other, (), 1.0)
    person = Person(user, np.array(mine), np.ones(len(mine), np.float32))
    names, n_users = names_of(dataset), len(dataset.users)
    before = vectors(recommender, dataset, names)
    after = vectors(recommender, without(dataset, [(user, past), (other, past), (other, item)], []), names)
    expected = before[user] @ before[n_users + item] - after[user] @ after[n_users + item]
    assert removal.drops(person, item, [trail])[0] == pytest.approx(float(expected), abs=2e-5)


def test_a_person_at_hand_loses_the_past_item(recommender: Recommender, removal: GraphRemoval) -> None:
    person = Person(None, np.array([0, 4]), np.ones(2, np.float32))
    paths = recommender.explainer.scored(person, 7)
    assert paths and all(np.isfinite(drop) for _, drop in paths)
    assert removal.drops(person, 7, []).shape == (0,)


def test_a_run_explains_by_its_graph(recommender: Recommender) -> None:
    hit = recommender.recommend(["u00"], 1)[0][0]
    paths = recommender.explain("u00", hit.item, 3)
    assert paths and paths == sorted(paths, key=lambda path: -path.score_drop)
    assert {path.nodes[-1].id for path in paths} == {hit.item}
    assert recommender.explain("u00", hit.item, 3, history=["i00"])[0].nodes[1].id == "i00"
    assert recommender.explain("nobody", hit.item, 3) == []


@pytest.mark.parametrize("model", ["ease", "bpr", "lightgcn"])
def test_other_models_have_no_graph_to_ask(trained: Callable[[str], Run], model: str) -> None:
    found = Recommender.load(trained(model).path)
    assert graph_removal(found.run, found.config, found.scorer) is None
    hit = found.recommend(["u00"], 1)[0][0]
    assert found.explain("u00", hit.item, 2)


class UserPast:
    """Items of a user, by row."""

    def __init__(self, dataset: Dataset, user: int) -> None:
        users, items = dataset.interaction_rows()
        self.items = sorted(items[users == user].tolist())
