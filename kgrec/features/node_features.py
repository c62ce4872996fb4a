"""What is known of every node: text and knowledge-graph embeddings, aligned with the rows of the graph."""

import logging
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from kgrec.data.dataset import Dataset
from kgrec.data.splits import Part
from kgrec.data.user_items import UserItems
from kgrec.features.config import FeaturesConfig, KGEConfig, TextConfig
from kgrec.features.kge_cache import embed_graph
from kgrec.features.knowledge_graph import LabelledGraph, node_labels
from kgrec.features.templates import entity_texts, item_texts
from kgrec.features.text import TextEmbedder

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class NodeFeatures:
    """Embeddings of nodes, on the CPU; zero rows where a node has none."""

    text: Tensor | None = None
    """``(n_users + n_items + n_entities + n_queries, d_text)`` float32, or None without any text."""
    text_mask: Tensor | None = None
    """``(n_users + n_items + n_entities + n_queries,)`` bool: who has text."""
    kge: Tensor | None = None
    """``(n_items + n_entities + n_queries, d_kge)`` float32, or None without triples; no user is in one."""
    kge_mask: Tensor | None = None
    """``(n_items + n_entities + n_queries,)`` bool: who is in a triple; no query is."""


def build_node_features(
    dataset: Dataset, train: Part, config: FeaturesConfig, cache_dir: Path, seed: int, device: torch.device
) -> tuple[NodeFeatures, dict[str, Any]]:
    """Embed everything that the configuration switches on; what was computed before comes from ``cache_dir``.

    A user's text is that of the user's items in ``train``, so nothing of valid or test is in it. Returns the
    features and, by source, its seconds, sizes and cache hits. Memory: ``4 d_text`` bytes a node, 310 MB for
    200,000 nodes and 384 dimensions.
    """
    text, text_mask, text_report = _text(dataset, train, config.text, cache_dir, device)
    kge, kge_mask, kge_report = _kge(dataset, config.kge, cache_dir, seed, device)
    if kge is not None and kge_mask is not None and train.queries is not None:
        kge = F.pad(kge, (0, 0, 0, len(dataset.queries)))
        kge_mask = F.pad(kge_mask, (0, len(dataset.queries)))
    return NodeFeatures(text, text_mask, kge, kge_mask), {"text": text_report, "kge": kge_report}


def _text(
    dataset: Dataset, train: Part, config: TextConfig, cache_dir: Path, device: torch.device
) -> tuple[Tensor | None, Tensor | None, dict[str, Any]]:
    started = time.perf_counter()
    if not config.enabled:
        return None, None, {"enabled": False}
    texts = item_texts(dataset.catalogue, config.template)
    if config.entities:
        texts += entity_texts(dataset.entities.ids, dataset.entity_labels)
    else:
        texts += [""] * len(dataset.entities)
    rows = [row for row, text in enumerate(texts) if text]
    report: dict[str, Any] = {"enabled": True, "rows": len(rows), "of": len(texts)}
    report["encoders"] = [encoder.name for encoder in config.encoders]
    if not rows:
        log.warning("text: no item and no entity has any; data.template is %r", config.template)
        return None, None, report
    embedder = TextEmbedder.from_config(config, cache_dir, device)
    encoded = embedder.encode([texts[row] for row in rows])
    nodes = torch.zeros(len(texts), encoded.vectors.shape[1])
    nodes[rows] = encoded.vectors
    mask = torch.zeros(len(texts), dtype=torch.bool)
    mask[rows] = True
    queries = dataset.queries.ids if train.queries is not None else []
    asked = embedder.encode(queries, kind="query").vectors if queries else nodes[:0]
    users, has_text = user_texts(dataset, train, nodes[: len(dataset.items)])
    seconds = time.perf_counter() - started
    log.info("text: %s of %s rows from the cache (%.1f s)", f"{encoded.hits:,}", f"{len(rows):,}", seconds)
    report |= {"cached": encoded.hits, "dim": nodes.shape[1], "seconds": seconds}
    every = torch.cat([has_text, mask, torch.ones(len(asked), dtype=torch.bool)])
    return torch.cat([users, nodes, asked]), every, report


def user_texts(dataset: Dataset, train: Part, items: Tensor) -> tuple[Tensor, Tensor]:
    """Mean of the texts of each user's train items, scaled to unit length, ``(n_users, d)``, and who has one.

    ``items`` ``(n_items, d)`` is zero where an item has no text, so such items do not count. An item that a
    user had twice counts once.
    """
    shape = (len(dataset.users), len(dataset.items))
    history = UserItems.from_pairs(train.users, train.items, shape)
    sums = torch.from_numpy(np.asarray(history.matrix() @ items.numpy(), np.float32))
    mask = sums.norm(dim=1) > 1e-6
    return F.normalize(sums, dim=1) * mask.unsqueeze(1), mask


def _kge(
    dataset: Dataset, config: KGEConfig, cache_dir: Path, seed: int, device: torch.device
) -> tuple[Tensor | None, Tensor | None, dict[str, Any]]:
    started = time.perf_counter()
    if not config.enabled:
        return None, None, {"enabled": False}
    graph = LabelledGraph.from_dataset(dataset)
    report: dict[str, Any] = {"rows": len(graph.labels), "triples": len(graph)} | asdict(config)
    if len(graph) == 0:
        log.info("kge: there are no triples, so no embeddings of them")
        return None, None, report
    found = embed_graph(graph, config, cache_dir, seed, device)
    vectors, mask = found.rows_for(node_labels(dataset))
    seconds = time.perf_counter() - started
    report |= {"cached": found.cached, "size": vectors.shape[1], "seconds": seconds, "metrics": found.metrics}
    return vectors, mask, report
