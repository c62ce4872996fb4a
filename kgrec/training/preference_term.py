"""The preference term of a batch: the chosen loss, fed with the vectors and negatives that it needs."""

import torch
from torch import Tensor

from kgrec.errors import ConfigError
from kgrec.look_up import look_up
from kgrec.losses.preference import (
    bce_loss,
    bpr_loss,
    in_batch_softmax_loss,
    sampled_softmax_loss,
    shared_softmax_loss,
    softmax_loss,
    squared_loss,
    weighted_mean,
)
from kgrec.models.network import Network, NodeVectors
from kgrec.training.batches import Batch
from kgrec.training.config import PreferenceConfig
from kgrec.training.positives import Positives


def preference_term(
    config: PreferenceConfig, positives: Positives, network: Network, vectors: NodeVectors, batch: Batch
) -> Tensor:
    """``sum_b w_b l_b / sum_b w_b`` of ``config.loss`` over the batch, without the term's own weight.

    Raises:
        ConfigError: the loss needs inner products, and the network's score is none.
    """
    if network.leaves_out and config.loss not in ("softmax", "shared_softmax"):
        raise ConfigError(
            f"objective.preference.loss is {config.loss!r}, but the model judges an interaction without "
            "itself, for which there are softmax and shared_softmax"
        )
    sampled = config.loss in ("bpr", "bce") or (config.loss == "sampled_softmax" and not config.in_batch)
    if sampled:
        return _sampled(config, positives, network, vectors, batch)
    if not network.inner_product:
        raise ConfigError(
            f"objective.preference.loss is {config.loss!r}, but the model scores pairs one by one; "
            "use bpr, bce, or sampled_softmax with in_batch=false"
        )
    if config.loss == "squared":
        return _squared(config, positives, vectors, batch)
    if config.loss == "softmax":
        return _softmax(config, positives, network, vectors, batch)
    if config.loss == "shared_softmax":
        return _shared(config, positives, network, vectors, batch)
    return _in_batch(config, positives, vectors, batch)


def _sampled(
    config: PreferenceConfig, positives: Positives, network: Network, vectors: NodeVectors, batch: Batch
) -> Tensor:
    """Uniform negatives. Memory: ``8 batch (1 + negatives) dim`` bytes, rows and their products."""
    drawn, hit = positives.negatives(batch.users, config.negatives, batch.generator)
    # Positives and negatives in one look-up: each one costs a dense gradient of the whole table.
    scores = network.pair_scores(vectors, batch.users, torch.cat([batch.items.unsqueeze(1), drawn], 1))
    positive, negatives = scores[:, 0], scores[:, 1:]
    if config.loss == "bpr":
        return weighted_mean(bpr_loss(positive, negatives, hit), batch.weights)
    if config.loss == "bce":
        return weighted_mean(bce_loss(positive, negatives, hit), batch.weights)
    return weighted_mean(sampled_softmax_loss(positive, negatives, config.temperature, hit), batch.weights)


def _shared(
    config: PreferenceConfig, positives: Positives, network: Network, vectors: NodeVectors, batch: Batch
) -> Tensor:
    """One sample of distinct items for the batch; all items where there are no more than ``negatives``."""
    order = torch.randperm(len(positives.candidates), generator=batch.generator, device=batch.users.device)
    sample = positives.candidates[order[: config.negatives]]
    return _against(sample, config, positives, network, vectors, batch)


def _against(
    sample: Tensor,
    config: PreferenceConfig,
    positives: Positives,
    network: Network,
    vectors: NodeVectors,
    batch: Batch,
) -> Tensor:
    """Softmax of each interaction against the ``sample`` ``(n,)`` of items, without what the person has."""
    users, row = batch.users.unique(return_inverse=True)
    own = vectors.of_users(users)
    # Positives and negatives in one look-up: each one costs a dense gradient of the whole table.
    positive, negatives = look_up(vectors.items, torch.cat([batch.items, sample])).split(
        [len(row), len(sample)]
    )
    people = look_up(own, row)
    if network.leaves_out:
        people = network.left_out(
            vectors, batch.users, batch.items, positives.weight(batch.users, batch.items)
        )
    scores, known = (people * positive).sum(1), positives.within(users, sample)
    losses = shared_softmax_loss(own, negatives, scores, row, config.temperature, known)
    return weighted_mean(losses, batch.weights)


def _in_batch(config: PreferenceConfig, positives: Positives, vectors: NodeVectors, batch: Batch) -> Tensor:
    users, row = batch.users.unique(return_inverse=True)
    items, column = batch.items.unique(return_inverse=True)
    log_q = (positives.frequency / positives.frequency.sum()).clamp(min=1e-12).log()[items]
    known = positives.within(users, items)
    own, others = vectors.of_users(users), look_up(vectors.items, items)
    losses = in_batch_softmax_loss(own, others, (row, column), config.temperature, log_q, known)
    return weighted_mean(losses, batch.weights)


def _softmax(
    config: PreferenceConfig, positives: Positives, network: Network, vectors: NodeVectors, batch: Batch
) -> Tensor:
    if config.mask_known or network.leaves_out:
        return _against(positives.candidates, config, positives, network, vectors, batch)
    users, row = batch.users.unique(return_inverse=True)
    items, column = vectors.items, batch.items
    if not config.cold_negatives:
        items, column = look_up(items, positives.candidates), positives.place[column]
    losses = softmax_loss(vectors.of_users(users), items, (row, column), config.temperature)
    return weighted_mean(losses, batch.weights)


def _squared(config: PreferenceConfig, positives: Positives, vectors: NodeVectors, batch: Batch) -> Tensor:
    """A user's loss over all items, divided evenly among the user's n interactions.

    Every interaction comes once an epoch, so the steps' terms, each times its batch's sum of w, add up to
    the full loss ``1/2 sum w_ui (x_ui - z_u . y_i)^2`` of all users that have interactions (where the
    parameters stand still; pairs that the data keeps twice count their user more).
    """
    users, row = batch.users.unique(return_inverse=True)
    people = vectors.of_users(users)
    losses = squared_loss(people, vectors.items, positives.of(users), config.unobserved_weight)
    interactions = torch.bincount(row, minlength=len(users))
    share = losses * interactions / positives.count(users)
    return share.sum() / batch.weights.sum().clamp(min=1e-12)
