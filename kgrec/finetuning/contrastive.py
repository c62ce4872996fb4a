"""An encoder learns from pairs which text answers which query."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import torch
from torch import Tensor

from kgrec.features.config import EncoderConfig
from kgrec.finetuning.adapters import trained_weights
from kgrec.finetuning.config import FinetuneConfig, check_steps
from kgrec.finetuning.hard_negatives import draw, mine
from kgrec.finetuning.loop import History, optimise
from kgrec.finetuning.pair_rows import PairRows
from kgrec.finetuning.saving import save_encoder
from kgrec.finetuning.trainable import TrainableEncoder
from kgrec.losses.preference import weighted_mean
from kgrec.losses.text import text_loss

log = logging.getLogger(__name__)

HARD_CANDIDATES = 5_000
"""Item texts looked among for hard negatives, drawn anew each epoch: each has to be encoded."""


@dataclass(frozen=True)
class Finetuned:
    """An encoder in its own folder."""

    encoder: EncoderConfig
    """What names it: goes into ``features.text.encoders``."""
    history: History


@dataclass(frozen=True)
class _Batch:
    query: np.ndarray
    text: np.ndarray
    weight: np.ndarray
    hard: np.ndarray
    """``(h,)`` text rows that no pair of the batch asks for."""


def finetune(
    pairs: pl.DataFrame,
    texts: Mapping[str, str],
    config: FinetuneConfig,
    folder: Path,
    device: torch.device | None = None,
) -> Finetuned:
    """Train on ``pairs`` (query, item, weight) and save the encoder in ``folder``.

    ``texts``: item -> its text, of all items that may be negatives. The loss is the text similarity term
    (`kgrec.losses.text`) with the batch's other items and the mined hard negatives as negatives; known pairs
    are none. Global random state is as before afterwards.

    Raises:
        ConfigError: a key has a value that means nothing.
        FeatureError: the encoder's files are nowhere.
        DataError: no pair has a text.
        TrainingError: the loss is no finite number.
    """
    check_steps(config.steps, config.adapter)
    rows = PairRows.build(pairs, texts)
    with torch.random.fork_rng():
        torch.manual_seed(config.steps.seed)
        encoder = TrainableEncoder(config.encoder, device or torch.device("cpu"), config.steps.precision)
        steps = config.steps.epochs * -(-len(rows) // config.steps.batch_size)
        weights = trained_weights(encoder.network, config.adapter, steps)
        encoder.network.train()
        batches = _batches(encoder, rows, config)
        history = optimise(
            weights, config.steps, steps, batches, lambda batch: batch_loss(encoder, rows, batch, config)
        )
        network = weights.merge().eval()
    log.info(
        "fine-tuned %s: %d pairs, %d steps, %.2f steps/s, %d numbers trained",
        config.encoder.name,
        len(rows),
        len(history.losses),
        history.steps_per_second,
        history.parameters,
    )
    return Finetuned(save_encoder(encoder, network, folder, config, history), history)


def batch_loss(encoder: TrainableEncoder, rows: PairRows, batch: _Batch, config: FinetuneConfig) -> Tensor:
    """``sum_b w_b l_b / sum_b w_b`` of one batch, with the gradient of both towers."""
    columns, target = np.unique(np.concatenate([batch.text, batch.hard]), return_inverse=True)
    x = encoder.vectors([rows.queries[row] for row in batch.query], "query")
    y = encoder.vectors([rows.texts[row] for row in columns], "passage")
    # The term counts as negatives what is some text's target: a hard negative is that of a text without loss.
    silent = x.new_zeros(len(batch.hard), x.shape[1])
    places = torch.from_numpy(target).to(x.device)
    row, column = (part.to(x.device) for part in rows.known(batch.query, columns))
    losses = text_loss(torch.cat([x, silent]), y, places, config.temperature, (row, column))
    return weighted_mean(losses[: len(x)], torch.from_numpy(batch.weight).to(x.device))


def _batches(encoder: TrainableEncoder, rows: PairRows, config: FinetuneConfig) -> Iterator[_Batch]:
    rng = np.random.default_rng(config.steps.seed)
    for _ in range(config.steps.epochs):
        mined = _mined(encoder, rows, config, rng) if config.hard_negatives else None
        for places in rows.batches(config.steps.batch_size, 1, rng):
            query, text = rows.query[places], rows.text[places]
            hard = np.zeros(0, np.int64)
            if mined is not None:
                hard = draw(mined, query, config.hard_negatives, rng)
            yield _Batch(query, text, rows.weight[places], hard)


def _mined(
    encoder: TrainableEncoder, rows: PairRows, config: FinetuneConfig, rng: np.random.Generator
) -> np.ndarray:
    candidates = np.sort(rng.permutation(len(rows.texts))[:HARD_CANDIDATES])
    encoder.network.eval()
    mined = mine(encoder, rows, candidates, config.hard_pool, config.hard_margin)
    encoder.network.train()
    return mined
