"""Pairs as rows of distinct texts, and which pairs of a batch are no negatives."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
import torch

from kgrec.errors import DataError
from kgrec.losses.logsumexp import Pairs

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PairRows:
    """Queries and item texts, each once. Items with the same text are one: no encoder can tell them apart."""

    queries: list[str]
    texts: list[str]
    query: np.ndarray
    """``(n,)`` int64, row of each pair's query."""
    text: np.ndarray
    """``(n,)`` int64, row of each pair's item text."""
    weight: np.ndarray
    """``(n,)`` float32."""
    keys: np.ndarray
    """``(n,)`` ascending, query * len(texts) + text of every pair."""

    @classmethod
    def build(cls, pairs: pl.DataFrame, texts: Mapping[str, str]) -> "PairRows":
        """Rows of the pairs whose item has a text; other items' ``texts`` may become hard negatives.

        Raises:
            DataError: no pair is left.
        """
        known = [bool(texts.get(item, "").strip()) and bool(query.strip()) for query, item, _ in pairs.rows()]
        kept = pairs.filter(pl.Series(known, dtype=pl.Boolean))
        if kept.is_empty():
            raise DataError(f"none of {pairs.height} pairs has an item with a text; check the items' ids")
        if kept.height < pairs.height:
            log.warning(
                "%d of %d pairs have no text and are left out", pairs.height - kept.height, pairs.height
            )
        queries = sorted(set(kept["query"]))
        distinct = sorted({text for text in texts.values() if text.strip()})
        query_row = {query: row for row, query in enumerate(queries)}
        text_row = {text: row for row, text in enumerate(distinct)}
        query = np.array([query_row[name] for name in kept["query"]], dtype=np.int64)
        text = np.array([text_row[texts[item]] for item in kept["item"]], dtype=np.int64)
        keys = np.unique(query * len(distinct) + text)
        return cls(queries, distinct, query, text, kept["weight"].cast(pl.Float32).to_numpy(), keys)

    def __len__(self) -> int:
        return len(self.query)

    def batches(self, size: int, epochs: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
        """Places of pairs ``(at most size,)``, in a new order each epoch."""
        for _ in range(epochs):
            order = rng.permutation(len(self))
            for start in range(0, len(order), size):
                yield order[start : start + size]

    def positive(self, query: np.ndarray, text: np.ndarray) -> np.ndarray:
        """Whether each (query row, text row) is a pair; the two are broadcast."""
        wanted = query * len(self.texts) + text
        place = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        found: np.ndarray = self.keys[place] == wanted
        return found

    def known(self, query: np.ndarray, columns: np.ndarray) -> Pairs:
        """(row ascending, column) of a batch's queries and its items' text rows that are no negatives."""
        row, column = np.nonzero(self.positive(query[:, None], columns[None, :]))
        return torch.from_numpy(row), torch.from_numpy(column)
