import logging

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from kgrec.data.dataset import Dataset
from kgrec.errors import ConfigError
from kgrec.models.base import Scorer
from kgrec.models.vectors import VectorModel
from kgrec.retrieval.content import ContentScorer
from kgrec.retrieval.engine import SearchEngine
from kgrec.retrieval.fact_table import FactTable
from kgrec.retrieval.people import STRANGER, Person
from kgrec.retrieval.personal import PersonalRetriever


@pytest.fixture(scope="module")
def content(engine: SearchEngine) -> ContentScorer:
    return engine.pieces.personal.content


def test_content_scores_by_hand(goods: Dataset, engine: SearchEngine, content: ContentScorer) -> None:
    """Text less its mean, beside entities weighted by idf; each half of unit length."""
    raw = engine.pieces.dense.vectors
    text = F.normalize(raw - raw.mean(0), dim=1)
    facts = FactTable.from_dataset(goods)
    rows = [goods.items.row(item) for item in ("s1", "b1")]
    brand, shoes, bedding = (facts.idf[facts.node(name)] for name in ("Acme", "footwear", "bedding"))
    shared = brand**2 / np.hypot(brand, shoes) / np.hypot(brand, bedding)
    expected = shared + float(text[rows[0]] @ text[rows[1]])
    scores = content.scores_from_history(torch.tensor(rows[:1]))
    assert float(scores[rows[1]]) == pytest.approx(expected, abs=1e-5)
    assert content.likeness(np.array(rows[:1]), np.array(rows[1:]))[0, 0] == pytest.approx(expected, abs=1e-5)
    assert float(scores[rows[0]]) == pytest.approx(2.0, abs=1e-5)


def test_some_content_scores_are_those_of_all(content: ContentScorer) -> None:
    past, weights = torch.tensor([1, 4]), torch.tensor([1.0, 3.0])
    every = content.scores_from_history(past, weights)
    assert torch.allclose(content.scores_of(np.array([6, 0]), past, weights), every[[6, 0]], atol=1e-6)


def test_content_is_a_scorer_without_users(content: ContentScorer) -> None:
    assert isinstance(content, Scorer)
    assert content.scores(torch.tensor([], dtype=torch.int64)).shape == (0, 8)
    with pytest.raises(IndexError):
        content.scores(torch.tensor([0]))
    assert content.scores_from_history(torch.tensor([], dtype=torch.int64)).abs().max() == 0


def test_a_known_user_is_asked_by_row_and_a_stranger_gets_the_popular(content: ContentScorer) -> None:
    users, items = torch.randn(3, 4), torch.randn(8, 4)
    popularity = np.arange(8, dtype=np.float32)
    personal = PersonalRetriever(VectorModel(users, items), popularity, content)
    expected = (users[1] @ items.T).argsort(descending=True)[:3].tolist()
    assert personal.retrieve(None, None, 1, 3).items.tolist() == expected
    assert personal.retrieve(None, None, None, 3).items.tolist() == [7, 6, 5]
    assert len(PersonalRetriever(content, None, content).best(STRANGER, 3)) == 0
    assert len(personal.among(STRANGER, np.arange(8))) == 0


def test_an_item_of_the_past_is_no_better_than_the_best_of_the_others(content: ContentScorer) -> None:
    person = Person(None, np.array([2]), np.ones(1, np.float32))
    personal = PersonalRetriever(content, None, content)
    raw = content.scores_from_history(torch.tensor([2]))
    found = personal.among(person, np.arange(8))
    others = raw[torch.arange(8) != 2].max()
    assert float(raw[2]) > float(others)
    assert dict(zip(found.items.tolist(), found.scores.tolist(), strict=True))[2] == pytest.approx(
        float(others)
    )
    assert personal.among(person, np.array([2])).items.tolist() == [2]


def test_likeness_is_the_models_where_it_has_vectors(content: ContentScorer) -> None:
    items = torch.randn(8, 4)
    personal = PersonalRetriever(VectorModel(torch.randn(3, 4), items), None, content)
    expected = F.cosine_similarity(items[5], items[2], dim=0)
    assert personal.likeness(np.array([5]), np.array([2]))[0, 0] == pytest.approx(float(expected), abs=1e-6)


def test_people(popular_engine: SearchEngine, caplog: pytest.LogCaptureFixture) -> None:
    people, items = popular_engine.pieces.people, popular_engine.pieces.items
    known = people.person("u1", None)
    assert known.known and {items.ids[row] for row in known.past} == {"s1", "b2"}
    with caplog.at_level(logging.WARNING):
        assert not people.person("nobody", None).known
        new = people.person(None, {"b1": 2.0, "no such": 1.0})
    assert "'nobody' is unknown" in caplog.text and "'no such'" in caplog.text
    assert new.user is None and new.past.tolist() == [items.row("b1")] and new.weights.tolist() == [2.0]
    assert not people.person(None, None).known and not people.person(None, []).known
    with pytest.raises(ConfigError, match="either a user or a history"):
        people.person("u1", ["b1"])
