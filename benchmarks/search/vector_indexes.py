"""Vector indexes at a million items: `python benchmarks/search/vector_indexes.py`.

The texts of retrotech's products, encoded, copied with noise until there are enough, and searched with
queries that no vector was made of. Writes benchmarks/results/search-vectors.{md,csv,png}.
"""

import logging
import resource
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import matplotlib
import numpy as np
import polars as pl
import torch
import typer
from known_items import known_item_query
from search_tasks import share_of

from kgrec.data.locate import cache_folder
from kgrec.features.cache import RowCache
from kgrec.features.encoder import TransformerEncoder
from kgrec.features.text import CACHE_FILE, TextEmbedder
from kgrec.progress import progress
from kgrec.retrieval.documents import documents
from kgrec.retrieval.item_vectors import item_vectors
from kgrec.retrieval.search_dataset import search_dataset
from kgrec.retrieval.vector_index import IndexConfig, VectorIndex
from kgrec.search_data import data_config

matplotlib.use("Agg")
from matplotlib import pyplot as plt

ROOT = Path(__file__).resolve().parent.parent.parent
K = 10
WIDTHS = (16, 32, 64, 128, 256, 512)
CANDIDATES = {
    "exact": [IndexConfig("exact")],
    "ivfpq": [IndexConfig("ivfpq", probes=probes) for probes in (4, 16, 64, 256)],
    "ivfpq, refined": [IndexConfig("ivfpq", probes=probes, refine=10) for probes in (4, 16, 64, 256)],
    "hnsw": [IndexConfig("hnsw", search_width=width) for width in WIDTHS],
}


@dataclass(frozen=True)
class Measured:
    """One index at one setting of its search."""

    index: str
    setting: int
    recall: float
    p50_ms: float
    p99_ms: float
    build_s: float
    index_mib: float


def main(
    size: Annotated[int, typer.Option(min=1000, help="Vectors to search among.")] = 1_000_000,
    noise: Annotated[
        float, typer.Option(min=0, help="Length of what is added to a copy, of its own 1.")
    ] = 0.3,
    queries: Annotated[int, typer.Option(min=1, help="Queries.")] = 500,
    kinds: Annotated[str, typer.Option(help="Indexes, by semicolons.")] = "; ".join(CANDIDATES),
    threads: Annotated[int, typer.Option(min=1, help="Threads that build; a search has one.")] = 2,
    output: Annotated[Path, typer.Option(help="Where the report is written.")] = ROOT / "benchmarks/results",
) -> None:
    """Build, search, write and print the report."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s: %(message)s")
    vectors, asked, encoding = material(size, noise, queries)
    exact = VectorIndex.build(vectors, IndexConfig("exact"), threads)
    _, truth = exact.search(asked, K, threads=threads)
    output.mkdir(parents=True, exist_ok=True)
    about, measured = [*note(vectors, noise, asked, threads), *encoding], []
    for kind in progress([kind.strip() for kind in kinds.split(";")], desc="indexes", unit="index"):
        measured += measure(kind, vectors, asked, truth, threads)
        # After each, because a build can take a quarter of an hour and an interrupted one loses only itself.
        write(about, measured, output / "search-vectors")
    print("\n".join([*about, *table(measured)]))


def write(about: list[str], measured: list[Measured], path: Path) -> None:
    """The report as Markdown, CSV and picture."""
    path.with_suffix(".md").write_text("\n".join([*about, *table(measured)]) + "\n", encoding="utf-8")
    pl.DataFrame([vars(one) for one in measured]).write_csv(path.with_suffix(".csv"))
    picture(measured, path.with_suffix(".png"))


def material(size: int, noise: float, n_queries: int) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Vectors ``(size, dim)``, queries ``(n, dim)``, all of unit length, and what encoding them took."""
    config = data_config("retrotech", ROOT / "conf")
    dataset = search_dataset(config.data)
    encoder = replace(config.features.text.encoders[0], max_tokens=64)
    transformer = TransformerEncoder(encoder, torch.device("cpu"))
    embedder = TextEmbedder([transformer], RowCache(cache_folder() / CACHE_FILE))
    products = documents(dataset, config.data.template, []).texts
    encoding = encoding_note(transformer, embedder, sorted({text for text in products if text}))
    own = item_vectors(products, embedder).numpy()
    rng = np.random.default_rng(0)
    vectors = np.empty((size, own.shape[1]), np.float32)
    for start in range(0, size, len(own)):
        rows = own[: min(len(own), size - start)]
        jitter = rng.standard_normal(rows.shape, np.float32) * (noise / np.sqrt(own.shape[1]))
        vectors[start : start + len(rows)] = rows + (jitter if start else 0.0)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True).clip(min=1e-12)
    titles = sorted(dataset.catalogue["title"].drop_nulls(), key=share_of)
    texts = [query for title in titles if (query := known_item_query(title, rng))][:n_queries]
    return vectors, embedder.encode(texts, kind="query").vectors.numpy(), encoding


def encoding_note(transformer: TransformerEncoder, embedder: TextEmbedder, texts: list[str]) -> list[str]:
    """Speed of the encoder, where the cache knew none of the texts; nothing otherwise."""
    started = time.perf_counter()
    encoded = embedder.encode(texts)
    seconds = time.perf_counter() - started
    if encoded.hits:
        return []
    tokens = transformer.count_tokens(texts)
    speed = f"{len(texts) / seconds:,.0f} texts and {tokens / seconds:,.0f} tokens a second"
    threads = f"{torch.get_num_threads()} threads"
    return [
        f"Encoded cold: {len(texts):,} texts, {tokens:,} tokens, {seconds:.0f} s, {threads}: {speed}.",
        "",
    ]


def measure(
    kind: str, vectors: np.ndarray, asked: np.ndarray, truth: np.ndarray, threads: int
) -> list[Measured]:
    """Build once, search at every setting."""
    first, *_ = CANDIDATES[kind]
    before, started = resident_mib(), time.perf_counter()
    index = VectorIndex.build(vectors, first, threads)
    build_s, mib = time.perf_counter() - started, resident_mib() - before
    results = []
    for config in CANDIDATES[kind]:
        index.config = config
        found, seconds = [], []
        for query in asked:
            began = time.perf_counter()
            _, rows = index.search(query[None], K)
            seconds.append(time.perf_counter() - began)
            found.append(rows[0])
        hits = sum(len(np.intersect1d(a, b)) for a, b in zip(truth, found, strict=True))
        p50, p99 = np.percentile(seconds, [50, 99]) * 1000
        setting = {"exact": 0, "hnsw": config.search_width}.get(kind, config.probes)
        results.append(Measured(kind, setting, hits / truth.size, float(p50), float(p99), build_s, mib))
    return results


def resident_mib() -> float:
    """Memory of the process now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def note(vectors: np.ndarray, noise: float, asked: np.ndarray, threads: int) -> list[str]:
    """How it was measured."""
    return [
        f"{len(vectors):,} vectors of {vectors.shape[1]} dims: texts of retrotech's products by MiniLM (64 "
        f"tokens), copied with Gaussian noise of length {noise:g} (a text's own is 1); {len(asked)} queries "
        f"made from names of products, one at a time, one thread. Built with {threads} threads. Recall is of "
        f"the exact {K} nearest; memory is what the process grew by.",
        "",
    ]


def table(measured: list[Measured]) -> list[str]:
    """Markdown rows."""
    lines = [
        "| index | width or probes | recall@10 | p50 ms | p99 ms | build s | MiB |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in measured:
        found = f"{one.recall:.4f} | {one.p50_ms:.2f} | {one.p99_ms:.2f}"
        made = f"{one.build_s:.0f} | {one.index_mib:.0f}"
        lines.append(f"| {one.index} | {one.setting or ''} | {found} | {made} |")
    return lines


def picture(measured: list[Measured], path: Path) -> None:
    """Recall against milliseconds."""
    figure, axes = plt.subplots(figsize=(7, 4.5), layout="constrained")
    for kind in dict.fromkeys(one.index for one in measured):
        own = [one for one in measured if one.index == kind]
        label = f"{kind} ({own[0].index_mib:.0f} MiB, built in {own[0].build_s:.0f} s)"
        axes.plot([one.p50_ms for one in own], [one.recall for one in own], marker="o", label=label)
    axes.set(xscale="log", xlabel="p50 of a search, ms (one thread)", ylabel="recall@10 of the exact nearest")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=150)
    plt.close(figure)


if __name__ == "__main__":
    typer.run(main)
