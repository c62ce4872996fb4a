"""A trained encoder as a folder that transformers, kgrec and Sentence-Transformers load."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from torch.nn import Module

from kgrec.features.config import EncoderConfig
from kgrec.features.encoder import KINDS
from kgrec.files import atomic_path
from kgrec.finetuning.config import FinetuneConfig, MaskedConfig
from kgrec.finetuning.loop import History
from kgrec.finetuning.trainable import TrainableEncoder

RECORD = "finetuning.yaml"
"""How the folder came to be. No JSON, for every JSON file of a model is part of its fingerprint."""
_POOLING_KEYS = {"mean": "mean_tokens", "cls": "cls_token", "last": "lasttoken"}


def save_encoder(
    encoder: TrainableEncoder,
    network: Module,
    folder: Path,
    config: FinetuneConfig | MaskedConfig,
    history: History,
) -> EncoderConfig:
    """Write network, tokeniser, pooling, prefixes and record; the folder is whole or absent.

    Returns the configuration that names it. It spells out the prefixes, which kgrec otherwise guesses from
    the name of a model.
    """
    prefixes = {kind: encoder.prefix(kind) for kind in KINDS}
    saved: Any = network
    tokenizer: Any = encoder.tokenizer
    with atomic_path(folder) as part:
        part.mkdir()
        saved.save_pretrained(part)
        tokenizer.save_pretrained(part)
        _write_sentence_transformers(part, encoder, int(saved.config.hidden_size), prefixes)
        record = {
            "base": {"name": encoder.config.name, "fingerprint": encoder.fingerprint},
            "config": asdict(config),
            "result": {
                "steps": len(history.losses),
                "seconds": round(history.seconds, 1),
                "parameters": history.parameters,
                "first_loss": _mean(history.losses[:10]),
                "last_loss": _mean(history.losses[-10:]),
            },
        }
        (part / RECORD).write_text(OmegaConf.to_yaml(OmegaConf.create(record)), encoding="utf-8")
    return replace(
        encoder.config,
        name=str(folder),
        pooling=encoder.pooling,
        query_prefix=prefixes["query"],
        passage_prefix=prefixes["passage"],
    )


def _write_sentence_transformers(
    folder: Path, encoder: TrainableEncoder, dim: int, prefixes: dict[str, str]
) -> None:
    module = "sentence_transformers.models"
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": f"{module}.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": f"{module}.Pooling"},
    ]
    if encoder.config.normalize:
        modules.append({"idx": 2, "name": "2", "path": "2_Normalize", "type": f"{module}.Normalize"})
        (folder / "2_Normalize").mkdir()
    pooling = {f"pooling_mode_{key}": how == encoder.pooling for how, key in _POOLING_KEYS.items()}
    (folder / "1_Pooling").mkdir()
    _write(folder / "modules.json", modules)
    _write(folder / "1_Pooling" / "config.json", {"word_embedding_dimension": dim} | pooling)
    _write(folder / "sentence_bert_config.json", {"max_seq_length": encoder.max_tokens})
    _write(folder / "config_sentence_transformers.json", {"prompts": prefixes})


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _mean(values: list[float]) -> float | None:
    return round(sum(values) / len(values), 4) if values else None
