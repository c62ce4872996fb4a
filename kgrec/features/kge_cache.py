"""Knowledge-graph embeddings by content: the same triples under the same settings are trained once."""

import hashlib
import json
import logging
import time
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from kgrec.errors import FeatureError
from kgrec.features.config import KGEConfig
from kgrec.features.kge import entity_vectors, train_kge, triples_factory
from kgrec.features.knowledge_graph import LabelledGraph
from kgrec.features.link_prediction import held_out_link_prediction
from kgrec.files import atomic_path

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class KnowledgeEmbeddings:
    """One vector for every node of a graph."""

    labels: list[str]
    """Labels of the rows; the only way to tell whose a row is."""
    vectors: Tensor
    """``(len(labels), d)`` float32 on the CPU."""
    metrics: dict[str, float]
    """Link prediction on held-out triples; empty where it was not asked for."""
    cached: bool
    """Whether they were read rather than trained."""

    def rows_for(self, labels: list[str]) -> tuple[Tensor, Tensor]:
        """Vectors ``(len(labels), d)`` matched by label, zero where there is none, and who has one."""
        place = {label: row for row, label in enumerate(self.labels)}
        rows = np.fromiter((place.get(label, -1) for label in labels), np.int64, len(labels))
        if int((rows >= 0).sum()) != len(self.labels):
            lost = next(label for label in self.labels if label not in set(labels))
            raise FeatureError(
                f"the knowledge-graph embedding of {lost!r} belongs to no node of this data set"
            )
        mask = torch.from_numpy(rows >= 0)
        vectors = torch.zeros(len(labels), self.vectors.shape[1])
        vectors[mask] = self.vectors[torch.from_numpy(rows)[mask]]
        return vectors, mask


def embed_graph(
    graph: LabelledGraph, config: KGEConfig, cache_dir: Path, seed: int, device: torch.device
) -> KnowledgeEmbeddings:
    """Read the embeddings of ``graph`` from the cache, or train and keep them.

    The key holds triples, settings, seed and PyKEEN's version, but not the device: what a GPU has trained
    serves a CPU as well.
    """
    path = cache_dir / "kge" / f"{cache_key(graph, config, seed)}.safetensors"
    if path.exists():
        found = _read(path, graph)
        log.info("kge: %s of %s nodes from the cache", config.model, f"{len(found.labels):,}")
        return found
    started = time.perf_counter()
    factory = triples_factory(graph)
    model = train_kge(factory, config, seed, device)
    vectors = entity_vectors(model, config.model).cpu().contiguous()
    # PyKEEN's own table says whose a row is; nothing is taken from the order that we gave it.
    labels = [factory.entity_id_to_label[row] for row in range(len(vectors))]
    del model
    metrics = held_out_link_prediction(factory, config, seed, device) if config.evaluate else {}
    _write(path, labels, vectors, metrics)
    shape = f"{len(graph):,} triples of {len(labels):,} nodes"
    log.info("kge: %s trained on %s in %.1f s", config.model, shape, time.perf_counter() - started)
    return KnowledgeEmbeddings(labels, vectors, metrics, cached=False)


def cache_key(graph: LabelledGraph, config: KGEConfig, seed: int) -> str:
    """SHA-256 of everything that decides the embeddings."""
    settings = asdict(config)
    settings.pop("enabled")
    if not config.evaluate:
        settings.pop("evaluate_sample")
    parts = [graph.fingerprint(), json.dumps(settings, sort_keys=True), str(seed), version("pykeen")]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _write(path: Path, labels: list[str], vectors: Tensor, metrics: dict[str, float]) -> None:
    encoded = np.frombuffer(json.dumps(labels).encode(), np.uint8).copy()
    tensors = {"vectors": vectors, "labels": torch.from_numpy(encoded)}
    with atomic_path(path) as part:
        save_file(tensors, part, metadata={"metrics": json.dumps(metrics)})


def _read(path: Path, graph: LabelledGraph) -> KnowledgeEmbeddings:
    try:
        with safe_open(path, framework="pt") as file:
            vectors = file.get_tensor("vectors")
            labels = json.loads(file.get_tensor("labels").numpy().tobytes())
            metrics = json.loads(file.metadata()["metrics"])
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise FeatureError(
            f"{path}: the cached embeddings cannot be read ({error}); remove the file"
        ) from error
    if sorted(labels) != graph.labels or len(vectors) != len(labels):
        raise FeatureError(
            f"{path}: the cached embeddings are of other nodes than the graph; remove the file"
        )
    return KnowledgeEmbeddings(labels, vectors, metrics, cached=True)
