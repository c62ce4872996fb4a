"""New items by hand: who is nearest, and what that makes of every score."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from kgrec.models.popularity import Popularity
from kgrec.models.vectors import VectorModel
from kgrec.online.new_items import NewItemScorer, nearest_known, with_new_items
from kgrec.retrieval.content import ContentScorer

A = sp.csr_matrix(np.array([[0.25, 0.75, 0.0]], np.float32))


def content(text: list[list[float]]) -> ContentScorer:
    return ContentScorer(torch.tensor(text), sp.csr_matrix((len(text), 1)))


def test_the_nearest_share_the_weight_by_likeness() -> None:
    scorer = content([[1.0, 0.0], [0.6, 0.8], [-1.0, 0.0], [1.0, 0.0]])
    found = nearest_known(scorer, np.array([3]), 3, neighbours=2)
    np.testing.assert_allclose(found.toarray(), [[1 / 1.6, 0.6 / 1.6, 0.0]], rtol=1e-6)
    np.testing.assert_allclose(
        nearest_known(scorer, np.array([3]), 3, neighbours=1).toarray(), [[1.0, 0.0, 0.0]], rtol=1e-6
    )


def test_what_is_like_nothing_is_the_mean_of_all() -> None:
    scorer = content([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    np.testing.assert_allclose(nearest_known(scorer, np.array([2]), 2, 5).toarray(), [[0.5, 0.5]])


def test_vectors_get_the_mean_vector() -> None:
    known = VectorModel(torch.tensor([[1.0, 2.0]]), torch.tensor([[4.0, 0.0], [0.0, 4.0], [1.0, 1.0]]))
    scorer = with_new_items(known, A)
    assert isinstance(scorer, VectorModel)
    assert scorer.item_vectors[3].tolist() == [1.0, 3.0]
    assert scorer.scores(torch.tensor([0]))[0].tolist() == [4.0, 8.0, 3.0, 7.0]


def test_any_scorer_gets_the_mean_score() -> None:
    scorer = with_new_items(Popularity(torch.tensor([4.0, 8.0, 1.0]), 2), A)
    assert isinstance(scorer, NewItemScorer)
    assert scorer.scores(torch.tensor([0, 1])).tolist() == [[4.0, 8.0, 1.0, 7.0]] * 2


def test_a_new_item_in_a_history_is_its_neighbours() -> None:
    class Sum:
        """Scores each item with what the history gives it."""

        n_users, n_items = 0, 3

        def scores(self, users: torch.Tensor) -> torch.Tensor:
            return torch.zeros(len(users), 3)

        def scores_from_history(
            self, items: torch.Tensor, weights: torch.Tensor | None = None
        ) -> torch.Tensor:
            assert weights is not None
            return torch.zeros(3).index_add(0, items, weights)

    scores = NewItemScorer(Sum(), A).scores_from_history(torch.tensor([3, 0]), torch.tensor([2.0, 1.0]))
    # 2 * (.25, .75) of the new item and 1 of the first.
    assert scores.tolist() == pytest.approx([1.5, 1.5, 0.0, 1.5])


def test_without_new_items_nothing_is_wrapped() -> None:
    known = Popularity(torch.ones(3), 2)
    assert with_new_items(known, sp.csr_matrix((0, 3))) is known
