"""Fit a late fusion: every member by itself, then one weight a member on valid."""

import logging
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch

from kgrec.config import Config
from kgrec.errors import ConfigError
from kgrec.evaluation.evaluator import Evaluator
from kgrec.fitted import Fitted, Places
from kgrec.models.base import FittedScorer
from kgrec.models.late_fusion import LateFusion
from kgrec.prepare import Prepared
from kgrec.training.fusion_weights import fit_weights, sample_users

log = logging.getLogger(__name__)

MEMBERS = "members"
"""Folder of a run in which its members keep their checkpoints until it is complete."""

FitMember = Callable[[Config, Places], Fitted]


def fit_fusion(config: Config, prepared: Prepared, fit_member: FitMember, places: Places) -> Fitted:
    """Fit the members of ``config.model`` and their weights; members that are networks share one recipe.

    The weights come from members that never saw valid; with ``training.refit`` they are kept for the members
    that did.

    Raises:
        ConfigError: there are no members, or no valid part to fit on.
    """
    if not config.model.members:
        raise ConfigError("model.members is empty; name some, as conf/model/late_fusion.yaml does")
    members: dict[str, Fitted] = {}
    for label in sorted(config.model.members):
        log.info("member %s", label)
        own = Places(places.run / MEMBERS / label, places.cache, places.device)
        members[label] = fit_member(replace(config, model=config.model.members[label]), own)
    started = time.perf_counter()
    chosen = {label: member.scorer for label, member in members.items()}
    weights = _weights(config, prepared, chosen)
    seconds = time.perf_counter() - started
    final = LateFusion({label: member.final for label, member in members.items()}, weights)
    fitted = Fitted(LateFusion(chosen, weights), final, final.tensors(), train_seconds=seconds)
    for member in members.values():
        _add(fitted, member)
    return fitted


def _add(fitted: Fitted, member: Fitted) -> None:
    """What a member took; the history is that of the last network among them."""
    fitted.prepare_seconds += member.prepare_seconds
    fitted.train_seconds += member.train_seconds
    fitted.refit_seconds += member.refit_seconds
    if member.is_network:
        fitted.training, fitted.features = member.training, member.features


def _weights(config: Config, prepared: Prepared, members: dict[str, FittedScorer]) -> dict[str, float]:
    truth, known = prepared.truth("valid"), prepared.known_before("valid")
    if len(truth) == 0:
        raise ConfigError("a late fusion is fitted on valid, which is empty; set data.split.valid_share")
    judged = torch.from_numpy(np.flatnonzero(truth.counts() > 0))
    users = sample_users(judged, truth.n_items, config.model.fit_users, config.seed)
    evaluator = Evaluator(truth.only(users.numpy()), known, known, config.evaluation)
    monitor, batch_size = config.training.monitor, config.evaluation.batch_size
    return fit_weights(members, users, lambda scorer: evaluator.metrics(scorer)[monitor], batch_size)
