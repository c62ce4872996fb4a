"""What every scorer owes: each model of kgrec goes through the same cases."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from kgrec.data.user_items import UserItems
from kgrec.models.base import FittedScorer, Scorer, VectorScorer
from kgrec.models.config import MODEL_CONFIGS
from kgrec.models.factory import CLOSED_FORMS, restore

Fitted = Callable[[str], FittedScorer]

# Recall@5 on the planted world, where chance is about .15 and tastes are the only thing to learn.
BANDS = {
    "popularity": (0.02, 0.35),
    "item_knn": (0.7, 1.0),
    "ease": (0.7, 1.0),
    "slim": (0.7, 1.0),
    "ials": (0.7, 1.0),
    "bpr": (0.6, 1.0),
    "lightgcn": (0.7, 1.0),
    "fism": (0.7, 1.0),
    "kgrec": (0.7, 1.0),
    "late_fusion": (0.7, 1.0),
    "cke": (0.6, 1.0),
    "cfkg": (0.6, 1.0),
    "kgin": (0.7, 1.0),
    "lightkg": (0.7, 1.0),
    "rgcn": (0.7, 1.0),
    "kgat": (0.7, 1.0),
    "mcclk": (0.7, 1.0),
    "sgl": (0.65, 1.0),
    "simgcl": (0.5, 1.0),
    "kgcl": (0.7, 1.0),
    "kgcn": (0.6, 1.0),
    "kgnn_ls": (0.6, 1.0),
    "ripplenet": (0.6, 1.0),
    "sasrec": (0.6, 1.0),
}
PERSONAL = [name for name in MODEL_CONFIGS if name != "popularity"]
DEVICES = [
    "cpu",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")),
]

every_model = pytest.mark.parametrize("name", MODEL_CONFIGS)


def recall(scores: torch.Tensor, train: UserItems, truth: UserItems, k: int = 5) -> float:
    hits = []
    for user in range(truth.n_users):
        row = scores[user].clone()
        row[train.of(user)] = -torch.inf
        best = set(row.topk(k).indices.tolist())
        own = set(truth.of(user).tolist())
        if own:
            hits.append(len(best & own) / len(own))
    return float(np.mean(hits))


def test_every_model_has_an_accuracy_band() -> None:
    assert BANDS.keys() == MODEL_CONFIGS.keys()


@every_model
def test_it_is_a_scorer_of_the_right_shape(name: str, fitted: Fitted, train: UserItems) -> None:
    scorer = fitted(name)
    assert isinstance(scorer, Scorer)
    assert (scorer.n_users, scorer.n_items) == (train.n_users, train.n_items)
    scores = scorer.scores(torch.tensor([4, 0, 4]))
    assert scores.shape == (3, scorer.n_items)
    assert scores.dtype == torch.float32
    assert not scores.requires_grad
    assert torch.isfinite(scores).all()
    assert scorer.scores(torch.empty(0, dtype=torch.int64)).shape == (0, scorer.n_items)


@every_model
def test_a_batch_scores_like_its_rows(name: str, fitted: Fitted) -> None:
    scorer = fitted(name)
    users = torch.randperm(scorer.n_users)
    together = scorer.scores(users)
    alone = torch.cat([scorer.scores(user) for user in users.split(1)])
    assert torch.allclose(together, alone, atol=1e-5)


@every_model
def test_the_caller_may_write_into_the_scores(name: str, fitted: Fitted) -> None:
    scorer = fitted(name)
    users = torch.tensor([0, 1])
    before = scorer.scores(users).clone()
    scorer.scores(users).fill_(-torch.inf)
    scorer.scores_from_history(torch.tensor([0])).fill_(-torch.inf)
    assert torch.equal(scorer.scores(users), before)


@every_model
@pytest.mark.parametrize("device", DEVICES)
def test_saved_and_restored_it_scores_the_same(
    name: str, device: str, fitted: Fitted, tmp_path: Path
) -> None:
    scorer = fitted(name)
    save_file(
        {key: tensor.contiguous() for key, tensor in scorer.tensors().items()}, tmp_path / "m.safetensors"
    )
    restored = restore(name, load_file(tmp_path / "m.safetensors", device=device))
    assert type(restored) is type(scorer)
    users, history = torch.arange(scorer.n_users), torch.tensor([3, 1, 7])
    pairs = [
        (restored.scores(users), scorer.scores(users)),
        (restored.scores_from_history(history), scorer.scores_from_history(history)),
    ]
    for ours, theirs in pairs:
        assert ours.device.type == device
        if device == "cpu":
            assert torch.equal(ours, theirs)
        else:
            assert torch.allclose(ours.cpu(), theirs, atol=1e-5)


@every_model
def test_it_finds_the_held_out_items_in_its_band(
    name: str, fitted: Fitted, train: UserItems, test: UserItems
) -> None:
    scores = fitted(name).scores(torch.arange(train.n_users))
    lowest, highest = BANDS[name]
    assert lowest <= recall(scores, train, test) <= highest


@pytest.mark.parametrize("name", PERSONAL)
def test_a_history_finds_them_as_well(name: str, fitted: Fitted, train: UserItems, test: UserItems) -> None:
    scorer = fitted(name)
    histories = [torch.from_numpy(train.of(user)) for user in range(train.n_users)]
    scores = torch.stack([scorer.scores_from_history(history) for history in histories])
    assert recall(scores, train, test) > 0.6


@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_a_users_own_history_scores_like_the_user(name: str, fitted: Fitted, train: UserItems) -> None:
    scorer = fitted(name)
    for user in range(5):
        history = torch.from_numpy(train.of(user)).flip(0)
        expected = scorer.scores(torch.tensor([user]))[0]
        assert torch.allclose(scorer.scores_from_history(history), expected, atol=1e-6)


@every_model
def test_an_empty_history_is_answered(name: str, fitted: Fitted) -> None:
    scorer = fitted(name)
    empty = torch.empty(0, dtype=torch.int64)
    for weights in (None, torch.empty(0)):
        scores = scorer.scores_from_history(empty, weights)
        assert scores.shape == (scorer.n_items,)
        assert torch.isfinite(scores).all()


@every_model
def test_weights_of_zero_are_like_an_item_left_out(name: str, fitted: Fitted) -> None:
    scorer = fitted(name)
    weighted = scorer.scores_from_history(torch.tensor([2, 5, 9]), torch.tensor([1.0, 0.0, 3.0]))
    without = scorer.scores_from_history(torch.tensor([2, 9]), torch.tensor([1.0, 3.0]))
    assert torch.allclose(weighted, without, atol=1e-6)
    nothing = scorer.scores_from_history(torch.tensor([2, 5]), torch.zeros(2))
    assert torch.isfinite(nothing).all()


@pytest.mark.parametrize("name", ["bpr", "lightgcn", "kgrec"])
def test_scores_of_a_vector_scorer_are_inner_products(name: str, fitted: Fitted) -> None:
    scorer = fitted(name)
    assert isinstance(scorer, VectorScorer)
    expected = scorer.user_vectors[:4] @ scorer.item_vectors.T
    assert torch.allclose(scorer.scores(torch.arange(4)), expected, atol=1e-6)


@pytest.mark.parametrize("name", sorted(CLOSED_FORMS.keys() - {"ials"}))
def test_closed_forms_have_no_vectors(name: str, fitted: Fitted) -> None:
    assert not isinstance(fitted(name), VectorScorer)
