"""Encoders fine-tuned on the queries of a task's encoder part, each kept in a folder of its own.

The folder's name tells what was learned from and how: other queries, seconds or a later start train anew.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import polars as pl
from omegaconf import OmegaConf
from search_tasks import SearchTask, share_of

from kgrec.data.judgements import Judgements
from kgrec.features.config import EncoderConfig
from kgrec.finetuning.config import AdapterConfig, FinetuneConfig, MaskedConfig, StepsConfig
from kgrec.finetuning.contrastive import finetune
from kgrec.finetuning.masked import pretrain
from kgrec.finetuning.pairs import few_shot, from_judgements
from kgrec.finetuning.saving import RECORD

PER_QUERY = 20
"""Pairs of a query to fine-tune on, at most: a shop's largest category would be most of them otherwise."""
EPOCHS = 3
FEW_STEPS = 60
"""A few queries are seen again until there were so many steps, or ``FEW_EPOCHS``."""
FEW_EPOCHS = 20
TOKENS = 32
"""Read of a text while training."""
LR = {"lora": 5e-4, "adalora": 5e-4, "full": 5e-5}
"""As the library's defaults say: adapters bear about ten times as much as a whole encoder."""


@dataclass(frozen=True)
class Allowed:
    """What one training may use."""

    seconds: float
    precision: str = "float32"


@dataclass(frozen=True)
class Trained:
    """An encoder in its folder and what its training was."""

    encoder: EncoderConfig
    steps: int
    seconds: float
    parameters: int

    def __str__(self) -> str:
        return f"{self.steps} steps in {self.seconds:.0f} s, {self.parameters:,} numbers trained"


def judged_pairs(judgements: Judgements, queries: int = 0) -> pl.DataFrame:
    """Pairs of all judged queries, or of so many of them drawn by chance; ``PER_QUERY`` a query at most."""
    rows = [
        (topic.query, item, grade)
        for topic, items in judgements.grades.items()
        for item, grade in sorted(items.items(), key=lambda pair: share_of(topic.query + pair[0]))[:PER_QUERY]
    ]
    pairs = from_judgements(pl.DataFrame(rows, schema=["query", "item", "grade"], orient="row"))
    return few_shot(pairs, queries) if queries else pairs


def tuned(
    pairs: pl.DataFrame,
    texts: Mapping[str, str],
    start: EncoderConfig,
    method: str,
    allowed: Allowed,
    runs: Path,
) -> Trained:
    """``start`` fine-tuned on the pairs, or what an earlier call of the same left under ``runs``."""
    size = StepsConfig().batch_size
    epochs = max(EPOCHS, min(FEW_EPOCHS, -(-FEW_STEPS * size // pairs.height)))
    steps = StepsConfig(epochs, size, LR[method], max_seconds=allowed.seconds, precision=allowed.precision)
    config = FinetuneConfig(replace(start, max_tokens=TOKENS), AdapterConfig(method), steps)
    folder = runs / f"{method}-{digest(config, pairs.write_csv())}"
    if not (folder / RECORD).is_file():
        finetune(pairs, texts, config, folder)
    return kept(folder, start)


def read_on(texts: Mapping[str, str], start: EncoderConfig, allowed: Allowed, runs: Path) -> Trained:
    """``start`` after continued pre-training on the texts alone, or what an earlier call of the same left."""
    default = MaskedConfig()
    steps = replace(default.steps, epochs=EPOCHS, max_seconds=allowed.seconds, precision=allowed.precision)
    config = MaskedConfig(replace(start, max_tokens=TOKENS), default.adapter, steps)
    folder = runs / f"masked-{digest(config, json.dumps(sorted(texts.values())))}"
    if not (folder / RECORD).is_file():
        pretrain(list(texts.values()), config, folder)
    return kept(folder, start)


def digest(config: FinetuneConfig | MaskedConfig, learned_from: str) -> str:
    """A name of a training: another one of any of its settings or examples."""
    told = json.dumps(asdict(config)) + learned_from
    return hashlib.blake2b(told.encode(), digest_size=6).hexdigest()


def kept(folder: Path, start: EncoderConfig) -> Trained:
    """The encoder of this folder, reading as many tokens as ``start`` does."""
    result = OmegaConf.load(folder / RECORD).result
    # The folder itself tells pooling and prefixes.
    encoder = replace(start, name=str(folder), pooling="auto", query_prefix=None, passage_prefix=None)
    return Trained(encoder, result.steps, result.seconds, result.parameters)


def encoder_part(task: SearchTask) -> str:
    """What there is to learn from."""
    pairs = judged_pairs(task.parts["encoder"])
    return f"{len(task.parts['encoder'].topics):,} other queries ({pairs.height:,} pairs)"
