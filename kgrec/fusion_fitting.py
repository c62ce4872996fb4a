"""Fit a late fusion: every member by itself, then one weight a member on valid."""

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar, cast

import numpy as np
import torch
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from kgrec.config import Config
from kgrec.errors import ConfigError
from kgrec.evaluation.evaluator import Evaluator
from kgrec.fitted import Fitted, Places
from kgrec.member_store import MemberStore
from kgrec.models.base import FittedScorer
from kgrec.models.factory import is_closed_form
from kgrec.models.late_fusion import LateFusion
from kgrec.prepare import Prepared
from kgrec.training.checks import check_objective, check_training
from kgrec.training.fusion_weights import fit_weights, sample_users

log = logging.getLogger(__name__)

MEMBERS = "members"
"""Folder of a run in which its members keep their checkpoints until it is complete."""

Section = TypeVar("Section")
FitMember = Callable[[Config, Places], Fitted]


def fit_fusion(config: Config, prepared: Prepared, fit_member: FitMember, places: Places) -> Fitted:
    """Fit the members of ``config.model`` and their weights; networks share the recipe of ``config``, but
    for what ``config.model.recipes`` says of each.

    The weights come from members that never saw valid; with ``training.refit`` they are kept for the members
    that did.

    Raises:
        ConfigError: there are no members, no valid part to fit on, or a recipe is of nobody or of nothing.
    """
    if not config.model.members:
        raise ConfigError("model.members is empty; name some, as conf/model/late_fusion.yaml does")
    strangers = set(config.model.recipes) - set(config.model.members)
    if strangers:
        raise ConfigError(f"model.recipes.{min(strangers)}: there is no such member in model.members")
    # All of them first: a wrong key should not wait for the members before it.
    jobs = {label: member_config(config, label) for label in sorted(config.model.members)}
    store = MemberStore(places.cache / "members", places.device) if config.model.keep_members else None
    members: dict[str, Fitted] = {}
    for label, job in jobs.items():
        log.info("member %s", label)
        own = Places(places.run / MEMBERS / label, places.cache, places.device)
        fit_it = partial(fit_member, job, own)
        members[label] = store.fit(job, prepared, fit_it) if store else fit_it()
    started = time.perf_counter()
    chosen = {label: member.scorer for label, member in members.items()}
    weights = _weights(config, prepared, chosen)
    seconds = time.perf_counter() - started
    final = LateFusion({label: member.final for label, member in members.items()}, weights)
    fitted = Fitted(LateFusion(chosen, weights), final, final.tensors(), train_seconds=seconds)
    for member in members.values():
        _add(fitted, member)
    return fitted


def member_config(config: Config, label: str) -> Config:
    """The job of one member: its model, and its own recipe where it has one."""
    recipe = config.model.recipes.get(label) or {}
    if recipe and is_closed_form(config.model.members[label]):
        raise ConfigError(f"model.recipes.{label}: that member is a closed form, which no recipe changes")
    unknown = set(recipe) - {"objective", "training"}
    if unknown:
        raise ConfigError(f"model.recipes.{label} has {min(unknown)!r}; it may have objective and training")
    try:
        objective = _changed(config.objective, recipe.get("objective", {}))
        training = _changed(config.training, recipe.get("training", {}))
        check_objective(objective)
        check_training(training)
    except (OmegaConfBaseException, ValueError) as error:
        raise ConfigError(f"model.recipes.{label}: {str(error).splitlines()[0]}") from error
    return replace(config, model=config.model.members[label], objective=objective, training=training)


def _changed(section: Section, changes: dict[str, Any]) -> Section:
    return cast(Section, OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(section), changes)))


def _add(fitted: Fitted, member: Fitted) -> None:
    """What a member took; the history is that of the last network among them."""
    fitted.prepare_seconds += member.prepare_seconds
    fitted.train_seconds += member.train_seconds
    fitted.refit_seconds += member.refit_seconds
    kept = fitted.features.get("kept_members", []) + member.features.pop("kept_members", [])
    if member.is_network:
        fitted.training, fitted.features = member.training, member.features
    if kept:
        fitted.features["kept_members"] = kept


def _weights(config: Config, prepared: Prepared, members: dict[str, FittedScorer]) -> dict[str, float]:
    truth, known = prepared.truth("valid"), prepared.known_before("valid")
    if len(truth) == 0:
        raise ConfigError("a late fusion is fitted on valid, which is empty; set data.split.valid_share")
    judged = torch.from_numpy(np.flatnonzero(truth.counts() > 0))
    users = sample_users(judged, truth.n_items, config.model.fit_users, config.seed)
    evaluator = Evaluator(truth.only(users.numpy()), known, known, config.evaluation)
    monitor, batch_size = config.training.monitor, config.evaluation.batch_size
    return fit_weights(members, users, lambda scorer: evaluator.metrics(scorer)[monitor], batch_size)
