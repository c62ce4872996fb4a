"""Trails, removal and paths on a shop that fits on a page."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from kgrec.data.dataset import Dataset
from kgrec.data.user_items import UserItems
from kgrec.errors import ConfigError
from kgrec.explanation.config import ExplanationConfig
from kgrec.explanation.explainer import Explainer
from kgrec.explanation.removal import HistoryRemoval
from kgrec.explanation.trail_finder import TrailFinder
from kgrec.explanation.trails import DIRECT, OTHER_PERSON, SHARED, Trail
from kgrec.models.vectors import VectorModel
from kgrec.retrieval.fact_table import FactTable
from kgrec.retrieval.people import STRANGER, Person

Rows = dict[str, int]
WIDE = ExplanationConfig(hub_share=1.0)


def someone(rows: Rows, *names: str) -> Person:
    past = np.array([rows[name] for name in names], np.int64)
    return Person(None, past, np.ones(len(past), np.float32))


@pytest.fixture
def finder(small_facts: FactTable, small_seen: UserItems) -> TrailFinder:
    return TrailFinder(small_facts, small_seen, WIDE)


def test_a_shared_brand_connects(finder: TrailFinder, rows: Rows, small: Dataset) -> None:
    trails = finder.by_facts(np.array([rows["shoe"], rows["pan"]]), rows["sock"])
    brand = small.relations.row("brand")
    assert [(t.kind, t.past, t.via, t.relations) for t in trails] == [
        (SHARED, rows["shoe"], rows["Air"], (brand, brand))
    ]
    # idf: Air has 2 of 4 items, log(5/3) / log(5).
    assert trails[0].weight == pytest.approx(np.log(5 / 3) / np.log(5))
    assert trails[0].facts == ((rows["shoe"], brand, rows["Air"]), (rows["Air"], brand, rows["sock"]))


def test_facts_between_items_and_of_two_relations_connect(
    finder: TrailFinder, rows: Rows, small: Dataset
) -> None:
    trails = finder.by_facts(np.array([rows["pan"]]), rows["lid"])
    brand, maker, part = (small.relations.row(name) for name in ("brand", "maker", "part_of"))
    assert {(t.kind, t.via, t.relations) for t in trails} == {
        (DIRECT, -1, (part,)),
        (SHARED, rows["Iron"], (brand, maker)),
    }


def test_hubs_connect_nothing_and_an_item_not_itself(
    small_facts: FactTable, small_seen: UserItems, rows: Rows
) -> None:
    strict = TrailFinder(small_facts, small_seen, ExplanationConfig(hub_share=0.0))
    # Two items are no hub however small the share: nobody could be connected otherwise.
    assert strict.by_facts(np.array([rows["shoe"]]), rows["sock"])
    assert strict.by_facts(np.array([rows["sock"]]), rows["sock"]) == []


def test_a_bare_code_is_told_only_where_nothing_else_connects(
    small_facts: FactTable, small_seen: UserItems, rows: Rows, small: Dataset
) -> None:
    coded = replace(small_facts, names=["" if name == "Iron" else name for name in small_facts.names])
    find = TrailFinder(coded, small_seen, WIDE)
    past, lid = np.array([rows["pan"]]), rows["lid"]
    assert [trail.kind for trail in find.by_facts(past, lid)] == [DIRECT]
    assert {trail.kind for trail in find.by_facts(past, lid, bounded=False)} == {DIRECT, SHARED}
    coded = replace(coded, names=[""] * len(coded.names))
    (trail,) = TrailFinder(coded, small_seen, WIDE).by_facts(np.array([rows["shoe"]]), rows["sock"])
    assert trail.via == rows["Air"]


def test_other_people_connect_where_facts_do_not(finder: TrailFinder, rows: Rows, small: Dataset) -> None:
    trails = finder.by_people(np.array([rows["shoe"]]), rows["pan"], None)
    assert [(t.kind, t.via) for t in trails] == [(OTHER_PERSON, small.users.row("bob"))]
    assert finder.by_people(np.array([rows["shoe"]]), rows["pan"], small.users.row("bob")) == []
    assert trails[0].facts == ()


def test_the_fall_of_a_past_item_is_shared_by_rarity() -> None:
    model = VectorModel(torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]))
    person = Person(None, np.array([0, 1]), np.ones(2, np.float32))
    trails = [Trail(SHARED, past, 2, 9, (0, 0), weight) for past, weight in ((0, 0.3), (0, 0.1), (1, 0.5))]
    drops = HistoryRemoval(model).drops(person, 2, trails)
    # Both: direction (1, 1) / sqrt 2, score sqrt .5. Without item 0 the score is 0, without item 1 it is 1.
    half = np.sqrt(0.5)
    np.testing.assert_allclose(drops, [half * 0.75, half * 0.25, half - 1.0], atol=1e-6)


class Sum:
    """Scores by a matrix: what a history gives to each item."""

    def __init__(self, weights: Tensor) -> None:
        self.weights, self.n_users, self.n_items = weights, 0, len(weights)

    def scores(self, users: Tensor) -> Tensor:
        raise NotImplementedError

    def scores_from_history(self, items: Tensor, weights: Tensor | None = None) -> Tensor:
        values = torch.ones(len(items)) if weights is None else weights
        return values @ self.weights[items]


@pytest.fixture
def explainer(small_facts: FactTable, small_seen: UserItems, rows: Rows) -> Explainer:
    weights = torch.zeros(4, 4)
    weights[rows["pan"], rows["lid"]] = 2.0
    weights[rows["shoe"], rows["lid"]] = 1.0
    weights[rows["shoe"], rows["sock"]] = 3.0
    return Explainer(small_facts, small_seen, Sum(weights), WIDE)


def test_a_path_says_where_it_goes_and_what_it_is_worth(explainer: Explainer, rows: Rows) -> None:
    first, second = explainer.explain(someone(rows, "pan", "shoe"), rows["lid"], 3, user="ann")
    # The fall of 2 is shared by 1 (the direct fact) and the rarity of Iron.
    rarity = np.log(5 / 3) / np.log(5)
    assert first.score_drop == pytest.approx(2 / (1 + rarity))
    assert second.score_drop == pytest.approx(2 * rarity / (1 + rarity))
    assert [(node.kind, node.id) for node in first.nodes] == [
        ("user", "ann"),
        ("item", "pan"),
        ("item", "lid"),
    ]
    # The lid is part of the pan: the fact runs against the path.
    assert [(e.head, e.tail, e.relation) for e in first.edges] == [(0, 1, "interacted"), (2, 1, "part_of")]
    assert [node.id for node in second.nodes] == ["ann", "pan", "Iron", "lid"]
    assert [(e.head, e.tail) for e in second.edges] == [(0, 1), (1, 2), (3, 2)]
    assert second.words == "You had “Pan” (brand: Iron), and “Lid” has Iron as maker."


def test_labels_stand_for_ids_where_there_are_any(explainer: Explainer, rows: Rows) -> None:
    (path,) = explainer.explain(someone(rows, "shoe"), rows["sock"], 3, "zh")
    assert path.nodes[2].label == "Air Inc." and path.nodes[0].label == ""
    assert path.words == "您选过“Shoe”，“Sock”与它的品牌相同：Air Inc.。"
    assert path.edges[1].label == "品牌"


def test_people_connect_what_facts_do_not(explainer: Explainer, rows: Rows) -> None:
    (path,) = explainer.explain(someone(rows, "shoe"), rows["pan"], 3)
    assert [node.kind for node in path.nodes] == ["user", "item", "user", "item"]
    assert path.nodes[2].id == path.nodes[2].label == ""
    assert [(e.head, e.tail) for e in path.edges] == [(0, 1), (2, 1), (2, 3)]


@pytest.mark.parametrize("names", [[], ["lid"]])
def test_who_has_no_past_has_no_reasons(explainer: Explainer, rows: Rows, names: Sequence[str]) -> None:
    assert explainer.explain(someone(rows, *names), rows["lid"], 3) == []
    assert explainer.explain(STRANGER, rows["lid"], 3) == []


def test_what_somebody_disliked_is_no_reason(explainer: Explainer, rows: Rows) -> None:
    person = Person(None, np.array([rows["pan"]]), np.zeros(1, np.float32))
    assert explainer.explain(person, rows["lid"], 3) == []


def test_another_language_is_refused_even_without_reasons(explainer: Explainer, rows: Rows) -> None:
    with pytest.raises(ConfigError, match="'fr'"):
        explainer.explain(STRANGER, rows["lid"], 3, "fr")


def test_paths_that_read_the_same_are_told_once(
    small_facts: FactTable, small_seen: UserItems, rows: Rows
) -> None:
    names = [""] * len(small_facts.names)
    coded = Explainer(replace(small_facts, names=names), small_seen, Sum(torch.ones(4, 4)), WIDE)
    twin = Trail(SHARED, rows["shoe"], rows["sock"], rows["Air"], (0, 0), 0.2)
    other = replace(twin, via=rows["Iron"])
    coded.scored = lambda person, item: [(twin, 0.5), (other, 0.3)]  # type: ignore[method-assign]
    (path,) = coded.explain(someone(rows, "shoe"), rows["sock"], 3)
    assert path.score_drop == 0.5 and path.nodes[2].label == "Air"
    assert path.words == "You had “Shoe”, and “Sock” has the same brand."
