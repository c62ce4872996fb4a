"""Nearest vectors by inner product: exact, or approximate where a catalogue is too large for that."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import faiss as faiss_module
import numpy as np

from kgrec.errors import ConfigError, DataError
from kgrec.files import atomic_path
from kgrec.retrieval.config import IndexConfig

# Untyped: the package's own stubs lack what its Python layer adds (selectors, parameters by keyword).
faiss: Any = faiss_module

KINDS = ("exact", "hnsw", "ivfpq")
# What FAISS asks of k-means to be content: below it warns, and so would every small catalogue.
_POINTS_PER_CENTROID = 39


class VectorIndex:
    """Rows of a matrix, found by inner product (cosine where rows and queries have unit length).

    HNSW: Malkov and Yashunin, https://arxiv.org/abs/1603.09320; it assumes something close to a distance, so
    rows of very different length are found less well. IVF-PQ: Jegou et al., TPAMI 2011,
    https://doi.org/10.1109/TPAMI.2010.57. All three are FAISS's (https://arxiv.org/abs/2401.08281).
    """

    def __init__(self, index: Any, config: IndexConfig) -> None:
        self._index, self.config = index, config

    @classmethod
    def build(cls, vectors: np.ndarray, config: IndexConfig, threads: int = 1) -> "VectorIndex":
        """Index ``vectors`` ``(n, dim)`` float32; row numbers are what `search` returns.

        Raises:
            ConfigError: a key of ``config`` has a value that does not exist or does not fit the vectors.
        """
        if config.kind not in KINDS:
            raise ConfigError(f"index kind is {config.kind!r}; use one of {', '.join(KINDS)}")
        vectors = np.ascontiguousarray(vectors, np.float32)
        with faiss_threads(threads):
            index = _empty_index(vectors, config)
            index.add(vectors)
        return cls(index, config)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self._index.d)

    def search(
        self, queries: np.ndarray, k: int, allowed: np.ndarray | None = None, threads: int = 1
    ) -> tuple[np.ndarray, np.ndarray]:
        """Scores and rows ``(n, k)`` of the best for ``queries`` ``(n, dim)``; -1 where fewer were found.

        ``allowed`` ``(rows,)`` bool: only these are looked for. An index other than exact still looks
        at the part it would have looked at, and may miss most of a few.
        """
        queries = np.ascontiguousarray(queries, np.float32)
        selector = None
        if allowed is not None:
            selector = faiss.IDSelectorBitmap(np.packbits(allowed, bitorder="little"))
        with faiss_threads(threads):
            scores, rows = self._index.search(queries, k, params=self._parameters(k, selector))
        return scores, rows

    def save(self, path: Path) -> None:
        """Write ``path`` (FAISS's format) and ``path`` + ``.json`` (the configuration)."""
        with atomic_path(path) as part:
            faiss.write_index(self._index, str(part))
        with atomic_path(path.with_name(path.name + ".json")) as part:
            part.write_text(json.dumps(asdict(self.config)) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> "VectorIndex":
        """Read what `save` wrote; raises DataError where it is missing or something else."""
        try:
            config = IndexConfig(**json.loads(path.with_name(path.name + ".json").read_text("utf-8")))
            return cls(faiss.read_index(str(path)), config)
        except (OSError, RuntimeError, ValueError, TypeError) as error:
            raise DataError(f"{path}: no index that kgrec wrote ({error}); build it again") from error

    def recall_against(self, exact: "VectorIndex", queries: np.ndarray, k: int, threads: int = 1) -> float:
        """Share of the ``k`` nearest by ``exact`` that this index finds as well, over all queries."""
        _, truth = exact.search(queries, k, threads=threads)
        _, found = self.search(queries, k, threads=threads)
        hits = sum(len(np.intersect1d(a[a >= 0], b)) for a, b in zip(truth, found, strict=True))
        return float(hits / max(1, int((truth >= 0).sum())))

    def _parameters(self, k: int, selector: Any) -> Any:
        c = self.config
        if c.kind == "hnsw":
            return faiss.SearchParametersHNSW(efSearch=max(c.search_width, k), sel=selector)
        if c.kind == "exact":
            return None if selector is None else faiss.SearchParameters(sel=selector)
        inner = faiss.SearchParametersIVF(nprobe=c.probes, sel=selector)
        if c.refine < 1:
            return inner
        return faiss.IndexRefineSearchParameters(k_factor=float(c.refine), base_index_params=inner)


@contextmanager
def faiss_threads(threads: int) -> Iterator[None]:
    """FAISS's threads for the time of a call: its setting is global, a server has one request a core."""
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(threads)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def _empty_index(vectors: np.ndarray, config: IndexConfig) -> Any:
    n, dim = vectors.shape
    metric = faiss.METRIC_INNER_PRODUCT
    if config.kind == "exact":
        return faiss.IndexFlatIP(dim)
    if config.kind == "hnsw":
        index = faiss.IndexHNSWFlat(dim, config.links, metric)
        index.hnsw.efConstruction = config.build_width
        return index
    if dim % config.code_bytes:
        raise ConfigError(f"code_bytes is {config.code_bytes}; it has to divide the dimension, {dim}")
    lists = config.lists or int(4 * n**0.5)
    # A list or a code needs vectors to learn from; a small catalogue has few lists and short codes.
    lists = max(1, min(lists, n // _POINTS_PER_CENTROID))
    bits = 8 if n >= 256 else 4
    if n < 2**bits:
        raise ConfigError(f"an ivfpq index needs at least {2**bits} vectors, there are {n}: use kind exact")
    index = faiss.IndexIVFPQ(faiss.IndexFlatIP(dim), dim, lists, config.code_bytes, bits, metric)
    index.cp.seed = index.pq.cp.seed = config.seed
    index.cp.min_points_per_centroid = index.pq.cp.min_points_per_centroid = 1
    sample = vectors
    if n > config.train_sample:
        sample = vectors[np.random.default_rng(config.seed).permutation(n)[: config.train_sample]]
    index.train(sample)
    return faiss.IndexRefineFlat(index) if config.refine > 0 else index
