"""One query to one vector, now: without the cache on disk that item texts go through."""

from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor

from kgrec.features.text import Encoder


class QueryEncoder:
    """Encoders side by side, as `TextEmbedder` has them, with the last ``remembered`` queries in memory.

    People type the same words, so many queries are known; a lookup in SQLite costs more than the memory of
    a few thousand vectors, and a write for every new query more than the encoding of a short one.
    """

    def __init__(self, encoders: Sequence[Encoder], remembered: int = 4096) -> None:
        self.encoders = list(encoders)
        self._remembered = lru_cache(remembered)(self._encode)

    def encode(self, text: str) -> Tensor | None:
        """The vector ``(dim,)`` of a normalised query on the CPU, not to be changed; None without text."""
        return self._remembered(text) if text.strip() else None

    def widths(self, text: str) -> list[int]:
        """Dimensions of each encoder, told by one text."""
        return [encoder.encode([text], "query").shape[1] for encoder in self.encoders]

    def forget(self) -> None:
        """Encode every query anew: for whoever measures how long that takes."""
        self._remembered.cache_clear()

    def _encode(self, text: str) -> Tensor:
        return torch.cat([encoder.encode([text], "query")[0].cpu() for encoder in self.encoders])
