"""Text vectors of all items, as search needs them: without the columns that are hidden."""

import logging

import torch
from torch import Tensor

from kgrec.features.text import TextEmbedder

log = logging.getLogger(__name__)


def item_vectors(texts: list[str], embedder: TextEmbedder) -> Tensor:
    """``(n_items, dim)`` float32 on the CPU, through the cache; zeros where a text is empty."""
    rows = [row for row, text in enumerate(texts) if text]
    encoded = embedder.encode([texts[row] for row in rows])
    log.info("text of items: %s of %s from the cache", f"{encoded.hits:,}", f"{len(rows):,}")
    vectors = torch.zeros(len(texts), encoded.vectors.shape[1])
    vectors[rows] = encoded.vectors
    return vectors
