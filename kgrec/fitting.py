"""Fit the model of a configuration: a closed form in one go, a network by the trainer (twice, to refit)."""

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from kgrec.config import Config
from kgrec.data.dataset import Dataset
from kgrec.data.sequences import Sequences
from kgrec.data.splits import Part
from kgrec.data.user_items import UserItems
from kgrec.evaluation.evaluator import Evaluator
from kgrec.features.fusion import FeatureFusion
from kgrec.features.node_features import NodeFeatures, build_node_features
from kgrec.fitted import Fitted, Places
from kgrec.fusion_fitting import fit_fusion
from kgrec.graph.hetero import build_graph
from kgrec.graph.propagation import Propagation
from kgrec.graph.triples import KnowledgeTriples
from kgrec.models.base import Scorer
from kgrec.models.config import LateFusionConfig
from kgrec.models.factory import (
    build_network,
    fit_closed_form,
    is_closed_form,
    needs_features,
    reads_order,
)
from kgrec.models.network import Network
from kgrec.models.parts import NetworkParts
from kgrec.prepare import Prepared
from kgrec.training.batches import InteractionBatches
from kgrec.training.checkpoint import CheckpointStore
from kgrec.training.objective import Objective
from kgrec.training.trainer import OnEpoch, Trainer

log = logging.getLogger(__name__)


def fit(config: Config, prepared: Prepared, places: Places, on_epoch: OnEpoch | None = None) -> Fitted:
    """Fit the configured model on train, choose on valid, refit on both where ``training.refit`` says so."""
    if isinstance(config.model, LateFusionConfig):
        return fit_fusion(config, prepared, lambda member, own: fit(member, prepared, own, on_epoch), places)
    if is_closed_form(config.model):
        return _fit_closed_form(config, prepared, places.device)
    return _fit_network(config, prepared, places, on_epoch)


def _fit_closed_form(config: Config, prepared: Prepared, device: torch.device) -> Fitted:
    def timed(part: Part) -> tuple[Any, float]:
        started = time.perf_counter()
        torch.manual_seed(config.seed)
        scorer = fit_closed_form(config.model, prepared.dataset, prepared.index(part), device)
        return scorer, time.perf_counter() - started

    scorer, seconds = timed(prepared.split.train)
    final, refit_seconds = timed(prepared.split.with_valid()) if config.training.refit else (scorer, 0.0)
    return Fitted(scorer, final, final.tensors(), train_seconds=seconds, refit_seconds=refit_seconds)


def _fit_network(config: Config, prepared: Prepared, places: Places, on_epoch: OnEpoch | None) -> Fitted:
    started = time.perf_counter()
    trainer, report = build_trainer(config, prepared, prepared.split.train, places, "checkpoint.pt")
    prepare_seconds = time.perf_counter() - started
    validate = validation_of(config, prepared)
    started = time.perf_counter()
    training = trainer.fit(validate, on_epoch)
    network = trainer.network
    scorer = network.scorer()
    fitted = Fitted(scorer, scorer, _state(network), True, training, report, prepare_seconds)
    fitted.train_seconds = max(training.seconds, time.perf_counter() - started)
    if config.training.refit:
        started = time.perf_counter()
        # The time limit chose the epoch already; a refit that it cut short would be another model.
        unlimited = replace(config, training=replace(config.training, max_seconds=0.0))
        whole = prepared.split.with_valid()
        again, _ = build_trainer(unlimited, prepared, whole, places, "checkpoint-refit.pt")
        again.fit(None, stop_after=training.best_epoch)
        fitted.final, fitted.tensors = again.network.scorer(), _state(again.network)
        fitted.refit_seconds = time.perf_counter() - started
    return fitted


def validation_of(config: Config, prepared: Prepared) -> Callable[[Scorer], dict[str, float]] | None:
    """What judges an epoch: metrics on valid, or None where valid is empty."""
    truth = prepared.truth("valid")
    if len(truth) == 0:
        log.warning("no valid interactions: all %d epochs are trained", config.training.epochs)
        return None
    known = prepared.known_before("valid")
    return Evaluator(truth, known, known, config.evaluation).metrics


def build_trainer(
    config: Config, prepared: Prepared, part: Part, places: Places, checkpoint: str
) -> tuple[Trainer, dict[str, Any]]:
    """A fresh network and its trainer; weights come from ``config.seed`` alone."""
    dataset, device = prepared.dataset, places.device
    propagation = Propagation(build_graph(dataset, part, part.weights))
    features, report = _features(config, prepared, part, places)
    torch.manual_seed(config.seed)
    fusion = None
    if needs_features(config.model):
        sizes = (propagation.n_users, propagation.n_items, propagation.n_entities)
        wanted = config.features
        fusion = FeatureFusion(sizes, features, wanted.fusion, config.model.dim, wanted.mode)
    triples = KnowledgeTriples.from_dataset(dataset, propagation.relations) if config.kg != "none" else None
    train = prepared.index(part)
    sequences = Sequences.of(dataset, part) if reads_order(config.model) else None
    parts = NetworkParts(propagation, train, triples, fusion, sequences)
    network = build_network(config.model, parts).to(device)
    objective = Objective.build(
        config.objective,
        train,
        len(dataset.items),
        triples,
        features.text,
        device,
        _answers(prepared.dataset, part),
    )
    size, by = config.training.batch_size, config.training.batch_by
    batches = InteractionBatches(
        part.users, part.items, part.weights, size, config.seed, device, by, part.queries
    )
    store = CheckpointStore(places.run / checkpoint) if config.training.checkpoint else None
    return Trainer(network, objective, batches, config.training, store), report


def _answers(dataset: Dataset, part: Part) -> UserItems | None:
    """Items that each query led to; None without queries."""
    if part.queries is None:
        return None
    asked = part.queries >= 0
    shape = (len(dataset.queries), len(dataset.items))
    return UserItems.from_pairs(part.queries[asked], part.items[asked], shape)


def _features(
    config: Config, prepared: Prepared, part: Part, places: Places
) -> tuple[NodeFeatures, dict[str, Any]]:
    """Text and KG embeddings, where the model or the objective reads them; otherwise none."""
    wanted = config.features
    if not needs_features(config.model):
        read = max(config.objective.text.weight, config.objective.search.text) > 0
        text = replace(wanted.text, enabled=wanted.text.enabled and read)
        wanted = replace(wanted, text=text, kge=replace(wanted.kge, enabled=False))
    return build_node_features(prepared.dataset, part, wanted, places.cache, config.seed, places.device)


def _state(network: Network) -> dict[str, Tensor]:
    return {name: value.detach() for name, value in network.state_dict().items()}
