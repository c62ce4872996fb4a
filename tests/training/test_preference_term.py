from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from kgrec.data.user_items import UserItems
from kgrec.errors import ConfigError
from kgrec.models.network import Network
from kgrec.training.batches import Batch, InteractionBatches
from kgrec.training.config import PreferenceConfig
from kgrec.training.positives import Positives
from kgrec.training.preference_term import preference_term

CPU = torch.device("cpu")


@pytest.fixture
def term(network: Network, train: UserItems, batch: Batch) -> Callable[..., Tensor]:
    """``term(loss=..., ...)`` of the tiny network on one batch."""

    def make(**options: object) -> Tensor:
        config = PreferenceConfig(**options)  # type: ignore[arg-type]
        return preference_term(config, Positives(train, CPU), network, network(), batch)

    return make


def weighted(losses: Tensor, batch: Batch) -> Tensor:
    return (losses * batch.weights).sum() / batch.weights.sum()


def test_softmax_is_weighted_cross_entropy_over_all_items(
    term: Callable[..., Tensor], network: Network, batch: Batch
) -> None:
    vectors = network()
    logits = vectors.users[batch.users] @ vectors.items.T / 0.5
    expected = weighted(F.cross_entropy(logits, batch.items, reduction="none"), batch)
    torch.testing.assert_close(term(loss="softmax", temperature=0.5), expected)


def test_softmax_masks_the_other_train_items_where_asked(
    term: Callable[..., Tensor], network: Network, batch: Batch, train: UserItems
) -> None:
    vectors = network()
    logits = vectors.users[batch.users] @ vectors.items.T / 0.5
    for b, (user, item) in enumerate(zip(batch.users.tolist(), batch.items.tolist(), strict=True)):
        for other in train.of(user):
            if other != item:
                logits[b, other] = -torch.inf
    expected = weighted(F.cross_entropy(logits, batch.items, reduction="none"), batch)
    torch.testing.assert_close(term(loss="softmax", temperature=0.5, mask_known=True), expected)


def test_in_batch_softmax_against_a_loop(
    term: Callable[..., Tensor], network: Network, batch: Batch, train: UserItems
) -> None:
    vectors = network()
    frequency = torch.bincount(torch.as_tensor(train.items), minlength=15)
    log_q = (frequency / frequency.sum()).log()
    logits = vectors.users[batch.users] @ vectors.items[batch.items].T / 0.5 - log_q[batch.items]
    for b, user in enumerate(batch.users.tolist()):
        for j, other in enumerate(batch.items.tolist()):
            if b != j and other in train.of(user):
                logits[b, j] = -torch.inf
    expected = weighted(F.cross_entropy(logits, torch.arange(16), reduction="none"), batch)
    torch.testing.assert_close(term(loss="sampled_softmax", in_batch=True, temperature=0.5), expected)


@pytest.mark.parametrize("loss", ["bpr", "sampled_softmax"])
def test_sampled_losses_against_a_loop_over_the_drawn_items(
    loss: str, network: Network, batches: InteractionBatches, train: UserItems
) -> None:
    vectors, positives = network(), Positives(train, CPU)
    batch, same = next(batches.epoch(1)), next(batches.epoch(1))
    drawn, hit = positives.negatives(same.users, 7, same.generator)
    losses = []
    for b, (user, item) in enumerate(zip(batch.users.tolist(), batch.items.tolist(), strict=True)):
        own = vectors.users[user] @ vectors.items[item]
        others = [
            vectors.users[user] @ vectors.items[j] for j in drawn[b].tolist() if j not in train.of(user)
        ]
        assert len(others) == int((~hit[b]).sum())
        negatives = torch.stack(others)
        if loss == "bpr":
            losses.append(F.softplus(negatives - own).mean())
        else:
            logits = torch.cat([own.unsqueeze(0), negatives]) / 0.5
            losses.append(torch.logsumexp(logits, 0) - logits[0])
    config = PreferenceConfig(loss=loss, negatives=7, temperature=0.5)
    term = preference_term(config, positives, network, vectors, batch)
    torch.testing.assert_close(term, weighted(torch.stack(losses), batch))


def test_squared_terms_of_an_epoch_add_up_to_the_full_loss(
    network: Network, batches: InteractionBatches, train: UserItems
) -> None:
    vectors, config = network(), PreferenceConfig(loss="squared", unobserved_weight=0.2)
    steps = [
        preference_term(config, Positives(train, CPU), network, vectors, batch) * batch.weights.sum()
        for batch in batches.epoch(1)
    ]
    observed = torch.from_numpy(train.matrix().toarray())
    weights = torch.where(observed > 0, observed, 0.2)
    error = (observed > 0).float() - vectors.users @ vectors.items.T
    full = 0.5 * (weights * error.square()).sum()
    torch.testing.assert_close(torch.stack(steps).sum(), full)


@pytest.mark.parametrize("options", [{"loss": "softmax"}, {"loss": "squared"}, {"in_batch": True}])
def test_losses_over_all_items_need_inner_products(
    options: dict[str, object], term: Callable[..., Tensor], network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "inner_product", False)
    with pytest.raises(ConfigError, match="scores pairs one by one; use bpr"):
        term(**({"loss": "sampled_softmax"} | options))
    assert term(loss="bpr") > 0


def test_shared_softmax_hides_what_the_users_have(
    network: Network, batches: InteractionBatches, train: UserItems
) -> None:
    vectors, batch, same = network(), next(batches.epoch(1)), next(batches.epoch(1))
    sample = torch.randperm(train.n_items, generator=same.generator)[:6].tolist()
    losses = []
    for user, item in zip(batch.users.tolist(), batch.items.tolist(), strict=True):
        others = [j for j in sample if j not in train.of(user)]
        logits = vectors.items[[item, *others]] @ vectors.users[user] / 0.5
        losses.append(torch.logsumexp(logits, 0) - logits[0])
    config = PreferenceConfig(loss="shared_softmax", negatives=6, temperature=0.5)
    term = preference_term(config, Positives(train, CPU), network, vectors, batch)
    torch.testing.assert_close(term, weighted(torch.stack(losses), batch))


@pytest.mark.parametrize("mask_known", [False, True])
@pytest.mark.parametrize("loss", ["softmax", "shared_softmax"])
def test_cold_items_get_no_gradient_where_they_are_no_negatives(
    loss: str, mask_known: bool, network: Network, batches: InteractionBatches, train: UserItems
) -> None:
    kept = train.items != 3
    warm = UserItems.from_pairs(train.user_of_pair()[kept], train.items[kept], (train.n_users, 15))
    batch = next(batches.epoch(1))
    known = batch.items != 3
    batch = Batch(batch.users[known], batch.items[known], batch.weights[known], batch.generator)
    options = {"loss": loss, "negatives": 15, "temperature": 0.5, "mask_known": mask_known}
    vectors = network()
    terms = []
    for cold_negatives in (True, False):
        config = PreferenceConfig(**options, cold_negatives=cold_negatives)  # type: ignore[arg-type]
        positives = Positives(warm, CPU, cold_negatives)
        term = preference_term(config, positives, network, vectors, batch)
        (gradient,) = torch.autograd.grad(term, vectors.items, retain_graph=True)
        assert bool((gradient[3] != 0).any()) == cold_negatives
        terms.append(float(term.detach()))
    logits = vectors.users[batch.users] @ vectors.items.T / 0.5
    logits[:, 3] = -torch.inf
    if mask_known or loss == "shared_softmax":
        for b, (user, item) in enumerate(zip(batch.users.tolist(), batch.items.tolist(), strict=True)):
            others = [other for other in warm.of(user) if other != item]
            logits[b, others] = -torch.inf
    expected = weighted(F.cross_entropy(logits, batch.items, reduction="none"), batch)
    assert terms[1] == pytest.approx(float(expected), rel=1e-5)
    assert terms[0] > terms[1]
