"""Every network takes a graph with query nodes: they are more of what is no item, and change no shape."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from kgrec.data.dataset import Dataset
from kgrec.data.splits import Part, Split
from kgrec.data.user_items import UserItems
from kgrec.data.vocabulary import Vocabulary
from kgrec.features.config import FusionConfig
from kgrec.features.fusion import FeatureFusion
from kgrec.features.node_features import NodeFeatures
from kgrec.graph import Propagation, build_graph
from kgrec.graph.triples import KnowledgeTriples
from kgrec.models.config import MODEL_CONFIGS
from kgrec.models.factory import NETWORKS, build_network, needs_features
from kgrec.models.parts import NetworkParts
from kgrec.training.batches import Batch

QUERIES = 3


@pytest.fixture(scope="module")
def parts(dataset: Dataset, split: Split) -> NetworkParts:
    train = split.train
    queries = np.where(train.items % 4 == 3, -1, train.items % QUERIES)
    asked = replace(dataset, queries=Vocabulary([f"q{n}" for n in range(QUERIES)], "query"))
    propagation = Propagation(build_graph(asked, Part(train.users, train.items, None, queries)))
    index = UserItems.from_pairs(train.users, train.items, (len(dataset.users), len(dataset.items)))
    triples = KnowledgeTriples.from_dataset(dataset, propagation.relations)
    sizes = (propagation.n_users, propagation.n_items, propagation.n_entities)
    return NetworkParts(propagation, index, triples, FeatureFusion(sizes, NodeFeatures(), FusionConfig(), 8))


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_it_trains_and_ranks(name: str, parts: NetworkParts) -> None:
    torch.manual_seed(0)
    config = MODEL_CONFIGS[name](dim=8)
    assert parts.fusion is not None or not needs_features(config)
    network = build_network(config, parts)
    users, items = torch.from_numpy(parts.train.user_of_pair()), torch.from_numpy(parts.train.items)
    batch = Batch(users, items, torch.ones(len(users)), torch.Generator().manual_seed(0))
    network.begin_epoch(batch.generator)
    vectors = network()
    scores = network.pair_scores(vectors, users, items.unsqueeze(1))
    (scores.sum() + sum(network.own_terms(vectors, batch).values())).backward()
    gradients = [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
    assert gradients and all(torch.isfinite(gradient).all() for gradient in gradients)
    ranked = network.scorer().scores(torch.arange(5))
    assert ranked.shape == (5, parts.train.n_items)
    assert torch.isfinite(ranked).all()
