import numpy as np
import torch

from kgrec.data.user_items import UserItems
from kgrec.models.popularity import Popularity


def test_it_counts_distinct_pairs() -> None:
    train = UserItems.from_pairs(np.array([0, 0, 1, 1, 1]), np.array([0, 2, 2, 2, 0]), (3, 4))
    scorer = Popularity.fit(train)
    assert scorer.scores(torch.tensor([2, 0])).tolist() == [[2, 0, 2, 0], [2, 0, 2, 0]]
    assert scorer.scores_from_history(torch.tensor([1])).tolist() == [2, 0, 2, 0]


def test_it_adds_up_weights_where_there_are_some() -> None:
    weights = np.array([0.5, 2.0, 0.25], np.float32)
    train = UserItems.from_pairs(np.array([0, 0, 1]), np.array([1, 0, 1]), (2, 3), weights)
    assert Popularity.fit(train).counts.tolist() == [2.0, 0.75, 0.0]
