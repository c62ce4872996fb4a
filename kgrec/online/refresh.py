"""Train a new generation on the run and the log, starting from the live weights."""

import logging
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from omegaconf import OmegaConf

from kgrec.config import Config
from kgrec.data.dataset import Dataset
from kgrec.data.fingerprint import fingerprint
from kgrec.data.locate import cache_folder
from kgrec.data.splits import Part, Split
from kgrec.data.vocabulary import Vocabulary
from kgrec.errors import RunError
from kgrec.fitted import Fitted, Places
from kgrec.fitting import build_trainer, fit
from kgrec.models.config import LateFusionConfig
from kgrec.models.factory import is_closed_form
from kgrec.online.config import OnlineConfig
from kgrec.online.generation import Generation, Trained
from kgrec.online.quality_gate import Log
from kgrec.online.warm_start import sizes, warm_start
from kgrec.prepare import Prepared
from kgrec.run import Run
from kgrec.training.result import TrainingResult
from kgrec.write_run import write_data, write_model

log = logging.getLogger(__name__)
VALID_SHARE = 0.1
"""Of the log's pairs, the newest ones that a late fusion is weighed on."""


@dataclass(frozen=True)
class RefreshReport:
    """What a refresh did, and why."""

    accepted: bool
    generation: int
    """The one that answers from now on."""
    reason: str
    events: int = 0
    """New events that the model was trained on."""
    gate_people: int = 0
    live_recall: float | None = None
    refreshed_recall: float | None = None
    seconds: float = 0.0

    def record(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def train_refreshed(
    live: Generation, events: Log, folder: Path, number: int, config: OnlineConfig, device: str = "cpu"
) -> Trained:
    """Train on the run's past and ``events``, write the run to ``folder`` and load it from there.

    Closed forms are fitted anew, a network goes on from its weights for ``refresh_epochs``, a late fusion is
    fitted anew with its networks cut to as many epochs. Interactions of the run count one each: a run does
    not keep the weights that it was trained with.
    """
    position = events[-1][0]
    dataset, newest = grown(live, events, config)
    job = _job(live.trained.config, config)
    prepared = Prepared(dataset, _split(dataset, newest if _is_fusion(job) else 0), 0.0)
    run = Run(folder)
    run.write_text("config.yaml", OmegaConf.to_yaml(OmegaConf.structured(live.trained.config), resolve=True))
    write_data(run, prepared)
    places = Places(folder, cache_folder(), torch.device(device))
    write_model(run, _fit(job, prepared, places, live.trained))
    run.write_json("refresh.json", {"generation": number, "position": position})
    return Trained.load(folder, number, position, device)


def grown(live: Generation, events: Log, config: OnlineConfig) -> tuple[Dataset, int]:
    """The live data set with what the events say, and how many pairs are new.

    People new to the run get the rows after the known ones; an event with an item that nobody told of is no
    interaction, nor is one that counts nothing.
    """
    known = live.dataset
    pairs = [
        (event.user, event.item)
        for _, event in events
        if event.item in known.items and config.kinds.get(event.kind, 0.0) * event.weight > 0
    ]
    ids = [user for user in dict.fromkeys(user for user, _ in pairs) if user not in known.users]
    users = Vocabulary([*known.users.ids, *ids], known.users.kind)
    told = pl.DataFrame(pairs, schema={"user": pl.String, "item": pl.String}, orient="row")
    past = known.interactions.select("user", "item").unique(maintain_order=True)
    # The last event of a pair says how new it is.
    new = told.join(past, on=["user", "item"], how="anti").unique(keep="last", maintain_order=True)
    interactions = pl.concat([past, new])
    content = {"interactions": interactions, "triples": known.triples, "catalogue": known.catalogue}
    return replace(known, users=users, interactions=interactions, fingerprint=fingerprint(content)), len(new)


def _split(dataset: Dataset, newest: int) -> Split:
    """All to train, but for a share of the ``newest`` pairs as valid."""
    users, items = dataset.interaction_rows()
    cut = len(users) - int(np.ceil(newest * VALID_SHARE))
    empty = Part(users[:0], items[:0])
    valid = Part(users[cut:], items[cut:])
    return Split(Part(users[:cut], items[:cut]), valid, empty, {"method": "refresh"})


def _job(config: Config, online: OnlineConfig) -> Config:
    epochs = online.refresh_epochs
    training = replace(config.training, epochs=epochs, max_seconds=0.0, checkpoint=False)
    return replace(config, training=replace(training, refit=_is_fusion(config)))


def _is_fusion(config: Config) -> bool:
    return isinstance(config.model, LateFusionConfig)


def _fit(job: Config, prepared: Prepared, places: Places, live: Trained) -> Fitted:
    if is_closed_form(job.model) or _is_fusion(job):
        return fit(job, prepared, places)
    trainer, features = build_trainer(job, prepared, prepared.split.train, places, "checkpoint.pt")
    weights = live.run.read_tensors("model.safetensors")
    left = warm_start(trainer.network, weights, sizes(live.dataset), sizes(prepared.dataset))
    if len(left) == len(weights):
        raise RunError(f"{live.run.path}: no weight of the live model fits; train a new run")
    training: TrainingResult = trainer.fit(None)
    scorer = trainer.network.scorer()
    tensors = {name: value.cpu() for name, value in trainer.network.state_dict().items()}
    return Fitted(scorer, scorer, tensors, True, training, features)
