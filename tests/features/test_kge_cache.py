import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from kgrec.data.dataset import Dataset
from kgrec.errors import FeatureError
from kgrec.features.config import KGEConfig
from kgrec.features.kge_cache import KnowledgeEmbeddings, cache_key, embed_graph
from kgrec.features.knowledge_graph import LabelledGraph, node_labels

CONFIG = KGEConfig(dim=4, epochs=1)
CPU = torch.device("cpu")


def embed(dataset: Dataset, folder: Path, config: KGEConfig = CONFIG, seed: int = 0) -> KnowledgeEmbeddings:
    return embed_graph(LabelledGraph.from_dataset(dataset), config, folder, seed, CPU)


def test_a_second_run_reads_and_says_so(
    shop: Dataset, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = embed(shop, tmp_path)
    with caplog.at_level(logging.INFO, logger="kgrec"):
        second = embed(shop, tmp_path)
    assert (first.cached, second.cached) == (False, True)
    assert torch.equal(first.vectors, second.vectors) and first.labels == second.labels
    assert "kge: TransE of 6 nodes from the cache" in caplog.text


def test_permuted_facts_are_the_same_graph(
    make_shop: Callable[..., Dataset], shop: Dataset, tmp_path: Path
) -> None:
    embed(shop, tmp_path)
    assert embed(make_shop(facts=shop.triples.rows()[::-1]), tmp_path).cached


def test_everything_that_decides_is_in_the_key(make_shop: Callable[..., Dataset], shop: Dataset) -> None:
    graph = LabelledGraph.from_dataset(shop)
    other = LabelledGraph.from_dataset(make_shop(facts=shop.triples.rows()[1:]))
    variants = [replace(CONFIG, **change) for change in ({"model": "RotatE"}, {"dim": 5}, {"lr": 0.1})]
    variants += [
        replace(CONFIG, **change) for change in ({"epochs": 2}, {"loss": "softplus"}, {"negatives": 2})
    ]
    keys = [cache_key(graph, config, 0) for config in [CONFIG, *variants]]
    keys += [cache_key(graph, CONFIG, 1), cache_key(other, CONFIG, 0)]
    assert len(set(keys)) == 9
    # What is not evaluated does not depend on how much of it would be.
    assert cache_key(graph, replace(CONFIG, evaluate_sample=9), 0) == keys[0]


def test_rows_are_matched_by_label() -> None:
    vectors = torch.tensor([[1.0], [2.0], [3.0]])
    found = KnowledgeEmbeddings(["entity:b", "item:a", "entity:a"], vectors, {}, cached=True)
    rows, mask = found.rows_for(["item:a", "item:b", "entity:a", "entity:b"])
    assert rows.tolist() == [[2.0], [0.0], [3.0], [1.0]]
    assert mask.tolist() == [True, False, True, True]


def test_a_row_of_nobody_is_an_error() -> None:
    found = KnowledgeEmbeddings(["entity:a", "entity:b"], torch.zeros(2, 1), {}, cached=True)
    with pytest.raises(FeatureError, match="'entity:b'"):
        found.rows_for(["entity:a"])


def test_an_item_and_an_entity_of_one_name_stay_apart(shop: Dataset, tmp_path: Path) -> None:
    rows, mask = embed(shop, tmp_path).rows_for(node_labels(shop))
    labels = node_labels(shop)
    assert [label for label, known in zip(labels, mask.tolist(), strict=True) if not known] == ["item:i4"]
    assert rows[labels.index("item:i4")].abs().sum() == 0


def test_a_cut_file_is_named_with_the_way_out(shop: Dataset, tmp_path: Path) -> None:
    embed(shop, tmp_path)
    (path,) = (tmp_path / "kge").iterdir()
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(FeatureError, match=f"{path.name}.*remove the file"):
        embed(shop, tmp_path)


def test_a_file_of_another_graph_is_refused(
    make_shop: Callable[..., Dataset], shop: Dataset, tmp_path: Path
) -> None:
    other = make_shop(facts=[("i4", "brand", "Nobody")])
    embed(shop, tmp_path)
    (path,) = (tmp_path / "kge").iterdir()
    path.rename(path.with_name(f"{cache_key(LabelledGraph.from_dataset(other), CONFIG, 0)}.safetensors"))
    with pytest.raises(FeatureError, match="other nodes"):
        embed(other, tmp_path)


def test_a_failed_training_leaves_no_file(shop: Dataset, tmp_path: Path) -> None:
    with pytest.raises(FeatureError):
        embed(shop, tmp_path, replace(CONFIG, model="CompGCN"))
    assert not list(tmp_path.rglob("*"))


def test_link_prediction_is_kept_with_the_embeddings(random_graph: Dataset, tmp_path: Path) -> None:
    config = replace(CONFIG, evaluate=True, evaluate_sample=5)
    first, second = embed(random_graph, tmp_path, config), embed(random_graph, tmp_path, config)
    assert second.cached and first.metrics == second.metrics
    assert first.metrics["ogb/mrr"] > 0
    # The reported vectors are those of all triples, whether or not a second model was judged.
    assert torch.equal(first.vectors, embed(random_graph, tmp_path).vectors)
