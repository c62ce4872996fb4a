import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from kgrec.data.user_items import UserItems
from kgrec.errors import ConfigError
from kgrec.models.bpr import BPR
from kgrec.models.network import Network
from kgrec.training import text_term
from kgrec.training.batches import Batch, InteractionBatches
from kgrec.training.config import TextTermConfig
from kgrec.training.positives import Positives
from kgrec.training.text_term import TextTerm

CPU = torch.device("cpu")


def test_against_a_loop_that_leaves_the_target_out(
    network: Network, pairs: tuple[np.ndarray, np.ndarray, np.ndarray], train: UserItems, text: Tensor
) -> None:
    vectors, item_text = network(), text[12:27]
    batch = next(InteractionBatches(*pairs, 100, 0, CPU).epoch(1))
    losses, weights = [], []
    for user, item, weight in zip(
        batch.users.tolist(), batch.items.tolist(), batch.weights.tolist(), strict=True
    ):
        others = [i for i in train.of(user) if i != item and i != 3]  # item 3 has no text
        if not others:
            continue
        x = network.project_text(item_text[others].mean(0, keepdim=True))
        assert x is not None
        cosines = F.cosine_similarity(x, vectors.items) / 0.2
        negatives = [cosines[j] for j in batch.items.tolist() if j not in train.of(user)]
        losses.append(torch.logsumexp(torch.stack([cosines[item], *negatives]), 0) - cosines[item])
        weights.append(weight)
    w = torch.tensor(weights)
    assert 0 < len(w) < len(batch.users)
    term = TextTerm.build(TextTermConfig(weight=1.0, temperature=0.2), train, item_text)
    value = term(network, vectors, batch, Positives(train, CPU))
    torch.testing.assert_close(value, (torch.stack(losses) * w).sum() / w.sum())


def test_sums_and_counts_do_not_depend_on_the_pieces(
    train: UserItems, text: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    item_text = text[12:27]
    monkeypatch.setattr(text_term, "PIECE", 7)
    term = TextTerm.build(TextTermConfig(), train, item_text)
    for user in range(train.n_users):
        torch.testing.assert_close(term.user_sums[user], item_text[train.of(user)].sum(0))
        assert term.user_counts[user] == np.sum(train.of(user) != 3)


def test_one_item_people_alone_give_zero_and_no_nan(network: Network, text: Tensor) -> None:
    train = UserItems.from_pairs(np.array([0, 1]), np.array([4, 5]), (12, 15))
    batch = Batch(torch.tensor([0, 1]), torch.tensor([4, 5]), torch.ones(2), torch.Generator())
    term = TextTerm.build(TextTermConfig(weight=1.0), train, text[12:27])
    value = term(network, network(), batch, Positives(train, CPU))
    value.backward()
    assert value.item() == 0.0
    assert all(p.grad is None or bool(torch.isfinite(p.grad).all()) for p in network.parameters())


def test_a_model_that_projects_no_text_is_refused(batch: Batch, train: UserItems, text: Tensor) -> None:
    model = BPR(12, 15, 6, "dot", 0.1)
    term = TextTerm.build(TextTermConfig(weight=1.0), train, text[12:27])
    with pytest.raises(ConfigError, match=r"features\.text\.enabled=true"):
        term(model, model(), batch, Positives(train, CPU))
