import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from kgrec.errors import RunError
from kgrec.retrieval.bm25 import Bm25Field

DOCUMENTS = [["red", "shoe", "shoe"], ["red", "wine"], [], ["blue", "shoe", "with", "laces", "laces"]]


def bm25(query: list[str], k1: float, b: float) -> list[float]:
    """By the formula, one document and one token at a time (Lucene leaves out the factor k1 + 1)."""
    mean = sum(map(len, DOCUMENTS)) / len(DOCUMENTS)
    scores = []
    for document in DOCUMENTS:
        counts, score = Counter(document), 0.0
        for token in query:
            having = sum(token in other for other in DOCUMENTS)
            idf = math.log(1 + (len(DOCUMENTS) - having + 0.5) / (having + 0.5))
            tf = counts[token]
            score += idf * tf / (tf + k1 * (1 - b + b * len(document) / mean))
        scores.append(score)
    return scores


@pytest.mark.parametrize("query", [["shoe"], ["red", "shoe"], ["laces", "wine", "unknown"], ["unknown"], []])
@pytest.mark.parametrize(("k1", "b"), [(1.5, 0.75), (0.9, 0.0)])
def test_scores_by_the_formula(query: list[str], k1: float, b: float) -> None:
    scores = Bm25Field.build(DOCUMENTS, k1, b).scores(query)
    assert scores.dtype == np.float32 and scores.shape == (4,)
    known = [token for token in query if token != "unknown"]
    np.testing.assert_allclose(scores, bm25(known, k1, b), rtol=1e-5)


def test_documents_without_any_token_can_be_indexed() -> None:
    field = Bm25Field.build([[], []], 1.5, 0.75)
    assert field.scores(["x"]).tolist() == [0.0, 0.0]
    assert Bm25Field.build([], 1.5, 0.75).scores(["x"]).shape == (0,)


@pytest.mark.parametrize("documents", [DOCUMENTS, [[], []]])
def test_saved_and_loaded(documents: list[list[str]], tmp_path: Path) -> None:
    field = Bm25Field.build(documents, 1.2, 0.5)
    field.save(tmp_path / "field", 0.3)
    loaded, weight = Bm25Field.load(tmp_path / "field")
    assert weight == 0.3 and loaded.n_documents == len(documents)
    np.testing.assert_array_equal(loaded.scores(["red", "shoe"]), field.scores(["red", "shoe"]))


@pytest.mark.parametrize("name", ["field.json", "data.csc.index.npy", "vocab.index.json"])
def test_a_broken_folder_is_refused(name: str, tmp_path: Path) -> None:
    Bm25Field.build(DOCUMENTS, 1.5, 0.75).save(tmp_path / "field", 1.0)
    (tmp_path / "field" / name).write_text("{")
    with pytest.raises(RunError, match="no readable BM25 index"):
        Bm25Field.load(tmp_path / "field")
