"""Texts to vectors through the cache: only what was never encoded before reaches an encoder."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from kgrec.errors import ConfigError
from kgrec.features.cache import RowCache, row_key
from kgrec.features.config import TextConfig
from kgrec.features.encoder import TransformerEncoder
from kgrec.progress import progress

log = logging.getLogger(__name__)

CACHE_FILE = "text.sqlite"
# Rows that one transaction makes safe: what a killed job loses at most.
_CHUNK = 512


class Encoder(Protocol):
    """What the cache needs to know of an encoder."""

    @property
    def fingerprint(self) -> str:
        """All that decides a vector except prefix and text."""

    def prefix(self, kind: str) -> str:
        """What is put before a text of ``kind`` (query or passage)."""

    def encode(self, texts: Sequence[str], kind: str = "passage") -> Tensor:
        """Vectors ``(len(texts), dim)``."""


@dataclass(frozen=True)
class Encoded:
    """Vectors of some texts, and where they came from."""

    vectors: Tensor
    """``(n, dim)`` float32 on the CPU; several encoders side by side."""
    hits: int
    """Texts whose every part came from the cache."""

    @property
    def misses(self) -> int:
        """Texts that an encoder had to read."""
        return len(self.vectors) - self.hits


class TextEmbedder:
    """Encoders side by side before one row cache.

    The same object embeds items for training and queries for search: ``kind`` decides the prefix.
    """

    def __init__(self, encoders: Sequence[Encoder], cache: RowCache) -> None:
        if not encoders:
            raise ConfigError(
                "features.text.encoders is empty; name an encoder or set features.text.enabled=false"
            )
        self.encoders, self.cache = list(encoders), cache

    @classmethod
    def from_config(cls, config: TextConfig, cache_dir: Path, device: torch.device) -> "TextEmbedder":
        """Find the configured encoders; a missing one is a FeatureError before any work."""
        encoders = [TransformerEncoder(encoder, device) for encoder in config.encoders]
        return cls(encoders, RowCache(cache_dir / CACHE_FILE))

    def encode(self, texts: Sequence[str], kind: str = "passage") -> Encoded:
        """Vectors of ``texts``, in their order; equal texts are read once."""
        distinct = list(dict.fromkeys(texts))
        place = {text: row for row, text in enumerate(distinct)}
        rows = np.fromiter((place[text] for text in texts), np.int64, len(texts))
        parts, missed = [], np.zeros(len(distinct), bool)
        for encoder in self.encoders:
            part, missing = self._encode_by(encoder, distinct, kind)
            parts.append(part)
            missed[missing] = True
        vectors = torch.from_numpy(np.concatenate(parts, axis=1)[rows])
        return Encoded(vectors, int((~missed[rows]).sum()))

    def _encode_by(self, encoder: Encoder, texts: list[str], kind: str) -> tuple[np.ndarray, list[int]]:
        """Vectors ``(n, dim)`` of distinct texts by one encoder, and the rows that were not in the cache."""
        if not texts:
            return encoder.encode([], kind).cpu().numpy(), []
        prefix = encoder.prefix(kind)
        keys = [row_key(encoder.fingerprint, prefix, text) for text in texts]
        known = self.cache.get(keys)
        missing = [row for row, key in enumerate(keys) if key not in known]
        missing.sort(key=lambda row: len(texts[row]))
        chunks = [missing[start : start + _CHUNK] for start in range(0, len(missing), _CHUNK)]
        for chunk in progress(chunks, desc=f"encoding texts ({encoder!r})", unit=f"x{_CHUNK}"):
            # Back to the CPU once a chunk, not a batch: this is what makes the chunk safe on disk.
            vectors = encoder.encode([texts[row] for row in chunk], kind).cpu().numpy()
            self.cache.put([keys[row] for row in chunk], vectors)
            known.update((keys[row], vector) for row, vector in zip(chunk, vectors, strict=True))
        return np.stack([known[key] for key in keys]), missing
