"""Fitted members of late fusions, kept by everything that decides them: what was fitted once is not again."""

import hashlib
import json
import logging
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file

import kgrec
from kgrec.config import Config
from kgrec.data.splits import Part
from kgrec.files import atomic_path
from kgrec.fitted import Fitted
from kgrec.models.factory import is_closed_form, reads_knowledge, restore
from kgrec.prepare import Prepared
from kgrec.training.config import ObjectiveConfig
from kgrec.training.result import TrainingResult

log = logging.getLogger(__name__)


class MemberStore:
    """A folder with a fitted member under each key: its two scorers, its history and what it took.

    The key is a hash of the member's configuration, the parts it learned from, the facts where it reads any,
    and kgrec's own source: a change of any makes another member. The seconds of the first fit are told with
    every later use, so that a table's seconds are those of its models and not of the order they ran in; the
    peak of memory is of what was done. ``metrics.json`` names the members that were kept.
    """

    def __init__(self, folder: Path, device: torch.device) -> None:
        self.folder, self.device = folder, device

    def fit(self, config: Config, prepared: Prepared, fit: Callable[[], Fitted]) -> Fitted:
        """The member of ``config`` from the folder, or fitted and put there."""
        path = self.folder / member_key(config, prepared, self.device)
        if path.is_dir():
            log.info("member %s was fitted before: %s", config.model.name, path)
            kept = self._read(path, config.model.name)
            kept.features["kept_members"] = [config.model.name]
            return kept
        fitted = fit()
        with atomic_path(path) as part:
            part.mkdir(parents=True)
            for name, scorer in (("scorer", fitted.scorer), ("final", fitted.final)):
                tensors = {key: tensor.contiguous() for key, tensor in scorer.tensors().items()}
                save_file(tensors, part / f"{name}.safetensors")
            (part / "fit.json").write_text(json.dumps(_told(fitted)))
        return fitted

    def _read(self, path: Path, name: str) -> Fitted:
        told = json.loads((path / "fit.json").read_text())
        scorer, final = (
            restore(name, load_file(path / f"{part}.safetensors", device=str(self.device)))
            for part in ("scorer", "final")
        )
        return Fitted(scorer, final, {}, **(told | {"training": TrainingResult(**told["training"])}))


def member_key(config: Config, prepared: Prepared, device: torch.device) -> str:
    """SHA-256 of what decides a member; how it is tracked and named is none of it."""
    dataset = prepared.dataset
    decides: dict[str, Any] = {
        "source": source_hash(),
        "model": asdict(config.model),
        "parts": [part_hash(part) for part in (prepared.split.train, prepared.split.valid)],
        "sizes": [len(dataset.users), len(dataset.items)],
        "seed": config.seed,
        "refit": config.training.refit,
        "device": [device.type, config.threads],
    }
    if not is_closed_form(config.model):
        decides |= {"objective": asdict(config.objective), "training": asdict(config.training)}
        decides |= {"evaluation": asdict(config.evaluation)}
    if reads_knowledge(config.model) or _loss_reads_knowledge(config.objective):
        decides |= {"data": dataset.fingerprint, "kg": config.kg, "kg_seed": config.kg_seed}
        decides |= {"features": asdict(config.features)}
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:32]


def _loss_reads_knowledge(objective: ObjectiveConfig) -> bool:
    facts, search = objective.knowledge, objective.search
    return max(facts.triple, facts.anchored, objective.text.weight, search.anchored, search.text) > 0


def part_hash(part: Part) -> str:
    """SHA-256 of the rows and weights of a part's interactions, in whatever order they stand."""
    weights = np.ones(len(part), np.float32) if part.weights is None else part.weights
    order = np.lexsort((weights, part.items, part.users))
    digest = hashlib.sha256()
    for column in (part.users, part.items, weights):
        digest.update(np.ascontiguousarray(column[order]).tobytes())
    return digest.hexdigest()


@cache
def source_hash() -> str:
    """SHA-256 of kgrec's Python files."""
    root = Path(kgrec.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return digest.hexdigest()


def _told(fitted: Fitted) -> dict[str, Any]:
    names = ("is_network", "features", "prepare_seconds", "train_seconds", "refit_seconds")
    return {name: getattr(fitted, name) for name in names} | {"training": asdict(fitted.training)}
