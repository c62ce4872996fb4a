"""One field of a lexical index: BM25 by bm25s over documents that are tokenised already."""

import json
import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

import bm25s
import numpy as np

from kgrec.errors import RunError

# It asks for debugging messages by itself, and every handler would show them.
logging.getLogger("bm25s").setLevel(logging.WARNING)

_META = "field.json"


class Bm25Field:
    """BM25 scores of all documents, ready to be added up; a token that no document has scores 0."""

    def __init__(self, index: bm25s.BM25 | None, vocabulary: dict[str, int], n_documents: int) -> None:
        # None where no document has a token: bm25s cannot index that.
        self._index, self._vocabulary, self.n_documents = index, vocabulary, n_documents

    @classmethod
    def build(cls, documents: Iterable[Sequence[str]], k1: float, b: float) -> "Bm25Field":
        """Index documents given as tokens."""
        vocabulary: dict[str, int] = {}
        rows = [[vocabulary.setdefault(token, len(vocabulary)) for token in tokens] for tokens in documents]
        if not vocabulary:
            return cls(None, {}, len(rows))
        index = bm25s.BM25(k1=k1, b=b, method="lucene")
        index.index((rows, vocabulary), create_empty_token=False, show_progress=False)
        return cls(index, vocabulary, len(rows))

    def scores(self, tokens: Sequence[str]) -> np.ndarray:
        """``(n_documents,)`` float32: the sum over those of ``tokens`` that the field has."""
        rows = [self._vocabulary[token] for token in tokens if token in self._vocabulary]
        if self._index is None or not rows:
            return np.zeros(self.n_documents, np.float32)
        scores: np.ndarray = self._index.get_scores_from_ids(rows)
        return scores

    def save(self, folder: Path, weight: float) -> None:
        """Write arrays and JSON into a new folder; ``weight`` is what the field counts."""
        folder.mkdir(parents=True)
        meta = {"n_documents": self.n_documents, "weight": weight, "empty": self._index is None}
        (folder / _META).write_text(json.dumps(meta), encoding="utf-8")
        if self._index is not None:
            self._index.save(str(folder), show_progress=False)

    @classmethod
    def load(cls, folder: Path) -> tuple["Bm25Field", float]:
        """The field and its weight; raises RunError where a file is missing or broken."""
        try:
            meta = json.loads((folder / _META).read_text(encoding="utf-8"))
            if meta["empty"]:
                return cls(None, {}, meta["n_documents"]), meta["weight"]
            index = bm25s.BM25.load(str(folder), show_progress=False, allow_pickle=False)
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
            raise RunError(f"{folder}: no readable BM25 index ({error}); build it again") from error
        return cls(index, index.vocab_dict, meta["n_documents"]), meta["weight"]
