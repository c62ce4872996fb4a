"""One vector a text, by any encoder or decoder that ``transformers`` loads."""

import json
import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from kgrec.errors import ConfigError, FeatureError
from kgrec.features.config import EncoderConfig
from kgrec.features.model_files import find_model, fingerprint
from kgrec.features.pooling import POOLINGS, pool

log = logging.getLogger(__name__)

# Part of every cache key: raise it when the same settings come to mean another vector.
_VERSION = 1
_DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
KINDS = ("query", "passage")


@dataclass(frozen=True)
class _Loaded:
    tokenizer: Any
    network: Any
    pooling: str
    max_tokens: int
    pad_id: int


class TransformerEncoder:
    """Texts to vectors: tokenise, batch by length, pool the last layer, scale to unit length if asked.

    The model is loaded at the first text that needs it: a run whose vectors are all cached never does. A
    text's vector does not depend on the texts beside it (up to rounding). Batches are padded on the right
    whatever the tokeniser's habit, so that absolute positions count from each text's first token.
    """

    def __init__(self, config: EncoderConfig, device: torch.device) -> None:
        """Look for the model's files.

        Raises:
            ConfigError: pooling, dtype or a number of tokens is none that exists.
            FeatureError: the model is nowhere.
        """
        if config.pooling not in ("auto", *POOLINGS):
            raise ConfigError(f"pooling is {config.pooling!r}; use auto, {', '.join(POOLINGS)}")
        if config.dtype not in _DTYPES:
            raise ConfigError(f"dtype is {config.dtype!r}; use one of {', '.join(_DTYPES)}")
        if config.max_tokens < 1 or config.batch_tokens < 1:
            raise ConfigError("max_tokens and batch_tokens of an encoder are whole numbers above 0")
        self.config, self.device = config, device
        self.folder = find_model(config.name)

    def __repr__(self) -> str:
        return f"TransformerEncoder({self.config.name!r})"

    @cached_property
    def fingerprint(self) -> str:
        """All that decides a vector except prefix and text; known without loading the model."""
        c = self.config
        settings = (_VERSION, fingerprint(self.folder), c.pooling, c.normalize, c.max_tokens, c.dtype)
        return json.dumps(settings)

    def prefix(self, kind: str) -> str:
        """What is put before a text of ``kind`` (query or passage)."""
        if kind not in KINDS:
            raise ValueError(f"kind is {kind!r}; use query or passage")
        given = self.config.query_prefix if kind == "query" else self.config.passage_prefix
        if given is None:
            given = _declared_prefix(self.folder, kind)
        if given is not None:
            return given
        name = re.split(r"[-_.]", Path(self.config.name).name.lower())
        # The instruct models of the family want a sentence of instruction, which no default can guess.
        return f"{kind}: " if "e5" in name and "instruct" not in name else ""

    @torch.no_grad()
    def encode(self, texts: Sequence[str], kind: str = "passage") -> Tensor:
        """Vectors ``(len(texts), dim)``, float32, on the encoder's device."""
        loaded, prefix = self._loaded, self.prefix(kind)
        tokens = self._tokenise([prefix + text for text in texts])
        order = sorted(range(len(tokens)), key=lambda row: len(tokens[row]))
        pooled = [self._forward([tokens[row] for row in rows]) for rows in self._batches(order, tokens)]
        if not pooled:
            return torch.zeros(0, loaded.network.config.hidden_size, device=self.device)
        vectors = torch.empty_like(stacked := torch.cat(pooled))
        vectors[torch.tensor(order, device=self.device)] = stacked
        return F.normalize(vectors, dim=1) if self.config.normalize else vectors

    def count_tokens(self, texts: Sequence[str], kind: str = "passage") -> int:
        """Tokens that `encode` reads for ``texts``: prefix and special ones counted, what is cut off not."""
        prefix = self.prefix(kind)
        return sum(map(len, self._tokenise([prefix + text for text in texts])))

    def _tokenise(self, texts: list[str]) -> list[list[int]]:
        if not texts:
            return []
        loaded = self._loaded
        rows = loaded.tokenizer(texts, truncation=True, max_length=loaded.max_tokens)["input_ids"]
        # Some decoders make no token of an empty text; one token of padding stands for it.
        return [list(row) or [loaded.pad_id] for row in rows]

    def _batches(self, order: list[int], tokens: list[list[int]]) -> Iterator[list[int]]:
        """Rows by ascending length, as many at once as ``batch_tokens`` allows after padding."""
        batch: list[int] = []
        for row in order:
            if batch and len(tokens[row]) * (len(batch) + 1) > self.config.batch_tokens:
                yield batch
                batch = []
            batch.append(row)
        if batch:
            yield batch

    def _forward(self, tokens: list[list[int]]) -> Tensor:
        rows = [torch.tensor(row) for row in tokens]
        ids = pad_sequence(rows, batch_first=True, padding_value=self._loaded.pad_id).to(self.device)
        lengths = torch.tensor([len(row) for row in rows]).to(self.device)
        mask = (torch.arange(ids.shape[1], device=self.device) < lengths.unsqueeze(1)).long()
        states = self._loaded.network(input_ids=ids, attention_mask=mask).last_hidden_state
        return pool(states, mask, self._loaded.pooling)

    @cached_property
    def _loaded(self) -> _Loaded:
        tokenizer, network = _load(self.folder, _DTYPES[self.config.dtype])
        network = network.to(self.device).eval()
        pooling = self.config.pooling
        if pooling == "auto":
            pooling = _declared_pooling(self.folder) or (
                "last" if _is_causal(network, self.device) else "mean"
            )
        limits = [self.config.max_tokens, tokenizer.model_max_length]
        limits.append(getattr(network.config, "max_position_embeddings", None) or limits[0])
        pad_id = next((i for i in (tokenizer.pad_token_id, tokenizer.eos_token_id) if i is not None), 0)
        log.info("text encoder %s: %s pooling, at most %d tokens", self.config.name, pooling, min(limits))
        return _Loaded(tokenizer, network, pooling, int(min(limits)), int(pad_id))


def _load(folder: Path, dtype: torch.dtype) -> tuple[Any, Any]:
    from transformers import AutoModel, AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        network = AutoModel.from_pretrained(folder, local_files_only=True, dtype=dtype)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise FeatureError(f"{folder}: transformers cannot load this model: {error}") from error
    return tokenizer, network.get_encoder() if network.config.is_encoder_decoder else network


def _declared_pooling(folder: Path) -> str | None:
    """Pooling that a sentence-transformers folder was trained with, where it says so."""
    path = folder / "1_Pooling" / "config.json"
    if not path.is_file():
        return None
    declared = json.loads(path.read_text(encoding="utf-8"))
    keys = {
        "mean": "pooling_mode_mean_tokens",
        "cls": "pooling_mode_cls_token",
        "last": "pooling_mode_lasttoken",
    }
    return next((how for how, key in keys.items() if declared.get(key)), None)


def _declared_prefix(folder: Path, kind: str) -> str | None:
    """What a sentence-transformers folder says is put before a query or a passage."""
    path = folder / "config_sentence_transformers.json"
    if not path.is_file():
        return None
    declared = json.loads(path.read_text(encoding="utf-8")).get("prompts") or {}
    # Most folders name the two as kgrec does; some say document for passage.
    given = declared.get(kind, declared.get("document") if kind == "passage" else None)
    return None if given is None else str(given)


@torch.no_grad()
def _is_causal(network: Any, device: torch.device) -> bool:
    """Whether a token's state ignores what follows; tried out, since no field of a configuration says it."""
    ids = torch.tensor([[0, 0, 0], [0, 0, 1]], device=device)
    states = network(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state
    return bool(torch.allclose(states[0, 0], states[1, 0], rtol=1e-4, atol=1e-6))
