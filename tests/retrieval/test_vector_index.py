from pathlib import Path

import faiss
import numpy as np
import pytest
import torch

from kgrec.errors import ConfigError, DataError
from kgrec.retrieval.vector_index import IndexConfig, VectorIndex, faiss_threads

CONFIGS = {
    "exact": IndexConfig("exact"),
    "hnsw": IndexConfig("hnsw"),
    "ivfpq": IndexConfig("ivfpq", code_bytes=8, probes=8, lists=16),
    "refined": IndexConfig("ivfpq", code_bytes=8, probes=8, lists=16, refine=8),
}
# Below what each of them reached on these vectors, and far above what chance gives (10 of 2,000).
RECALL = {"exact": 1.0, "hnsw": 0.95, "ivfpq": 0.3, "refined": 0.8}


@pytest.fixture(scope="module")
def vectors() -> np.ndarray:
    """2,000 unit vectors in 40 clusters."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(40, 32))
    raw = centres[rng.integers(40, size=2000)] + 0.5 * rng.normal(size=(2000, 32))
    return (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def queries(vectors: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(1)
    near = vectors[rng.integers(len(vectors), size=50)] + 0.1 * rng.normal(size=(50, 32))
    return near.astype(np.float32)


def test_exact_search_is_the_sorted_inner_product(vectors: np.ndarray, queries: np.ndarray) -> None:
    scores, rows = VectorIndex.build(vectors, CONFIGS["exact"]).search(queries, 7)
    products = queries @ vectors.T
    assert np.array_equal(rows, np.argsort(-products, axis=1)[:, :7])
    assert np.allclose(scores, np.sort(products, axis=1)[:, ::-1][:, :7], atol=1e-5)


@pytest.mark.parametrize("name", CONFIGS)
def test_recall_against_exact(name: str, vectors: np.ndarray, queries: np.ndarray) -> None:
    exact = VectorIndex.build(vectors, CONFIGS["exact"])
    index = VectorIndex.build(vectors, CONFIGS[name])
    assert len(index) == 2000 and index.dim == 32
    assert index.recall_against(exact, queries, 10) >= RECALL[name]


def test_recall_counts_what_is_missed(vectors: np.ndarray, queries: np.ndarray) -> None:
    exact = VectorIndex.build(vectors, CONFIGS["exact"])
    elsewhere = VectorIndex.build(-vectors, CONFIGS["exact"])
    assert elsewhere.recall_against(exact, queries, 10) == 0.0
    narrow = VectorIndex.build(vectors, IndexConfig("ivfpq", code_bytes=8, probes=1, lists=16))
    wide = VectorIndex.build(vectors, CONFIGS["ivfpq"])
    assert narrow.recall_against(exact, queries, 10) < wide.recall_against(exact, queries, 10)


@pytest.mark.parametrize("name", CONFIGS)
def test_only_allowed_rows_are_found(name: str, vectors: np.ndarray, queries: np.ndarray) -> None:
    index = VectorIndex.build(vectors, CONFIGS[name])
    allowed = np.zeros(2000, bool)
    allowed[[3, 700, 1999]] = True
    _, rows = index.search(queries, 5, allowed)
    assert set(rows[rows >= 0].tolist()) <= {3, 700, 1999}
    if name == "exact":
        assert (rows[:, :3] >= 0).all() and (rows[:, 3:] == -1).all()


@pytest.mark.parametrize("name", CONFIGS)
def test_a_saved_index_answers_as_before(
    name: str, vectors: np.ndarray, queries: np.ndarray, tmp_path: Path
) -> None:
    index = VectorIndex.build(vectors, CONFIGS[name])
    index.save(tmp_path / "items.faiss")
    loaded = VectorIndex.load(tmp_path / "items.faiss")
    assert loaded.config == CONFIGS[name]
    for before, after in zip(index.search(queries, 5), loaded.search(queries, 5), strict=True):
        assert np.array_equal(before, after)


@pytest.mark.parametrize("name", ["hnsw", "ivfpq"])
def test_the_same_seed_builds_the_same_index(name: str, vectors: np.ndarray, queries: np.ndarray) -> None:
    one, other = (VectorIndex.build(vectors, CONFIGS[name]).search(queries, 5) for _ in range(2))
    assert np.array_equal(one[1], other[1])


def test_what_does_not_fit_is_refused(vectors: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="exact, hnsw, ivfpq"):
        VectorIndex.build(vectors, IndexConfig("annoy"))
    with pytest.raises(ConfigError, match="divide the dimension, 32"):
        VectorIndex.build(vectors, IndexConfig("ivfpq", code_bytes=7))
    with pytest.raises(ConfigError, match="at least 16 vectors, there are 9"):
        VectorIndex.build(vectors[:9], IndexConfig("ivfpq", code_bytes=8))
    (tmp_path / "items.faiss").write_text("no index")
    with pytest.raises(DataError, match=r"items\.faiss: no index"):
        VectorIndex.load(tmp_path / "items.faiss")


def test_threads_of_faiss_are_set_for_a_call_and_restored() -> None:
    before, of_torch = faiss.omp_get_max_threads(), torch.get_num_threads()
    with faiss_threads(1):
        assert faiss.omp_get_max_threads() == 1
    assert faiss.omp_get_max_threads() == before
    assert torch.get_num_threads() == of_torch


def test_faiss_and_torch_work_in_turns(vectors: np.ndarray, queries: np.ndarray) -> None:
    index = VectorIndex.build(vectors, CONFIGS["hnsw"], threads=2)
    table = torch.from_numpy(vectors)
    for _ in range(5):
        product = torch.from_numpy(queries) @ table.T
        scores, rows = index.search(queries, 1, threads=2)
        best = product.gather(1, torch.from_numpy(rows)).squeeze(1)
        assert torch.allclose(best, torch.from_numpy(scores).squeeze(1), atol=1e-5)
