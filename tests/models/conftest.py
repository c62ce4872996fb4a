"""A small planted world: four tastes, brands that follow them, and every model fitted to it once."""

from collections.abc import Callable
from dataclasses import fields

import numpy as np
import polars as pl
import pytest
import torch
from torch.nn import functional as F

from kgrec.data.config import DataConfig, SplitConfig
from kgrec.data.dataset import Dataset, build_dataset
from kgrec.data.splits import Part, Split, make_split
from kgrec.data.tables import Tables
from kgrec.data.user_items import UserItems
from kgrec.features.config import FusionConfig
from kgrec.features.fusion import FeatureFusion
from kgrec.features.node_features import NodeFeatures
from kgrec.graph import Propagation, build_graph
from kgrec.graph.triples import KnowledgeTriples
from kgrec.models.base import FittedScorer
from kgrec.models.config import MODEL_CONFIGS
from kgrec.models.factory import build_network, fit_closed_form, is_closed_form, needs_features
from kgrec.models.late_fusion import LateFusion
from kgrec.models.network import Network
from kgrec.models.parts import NetworkParts
from kgrec.training.batches import Batch

N_USERS, N_ITEMS, N_TASTES = 60, 40, 4


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    """Each user has eight of the ten items of one taste, and one of another."""
    rng = np.random.default_rng(3)
    pairs = []
    for user in range(N_USERS):
        own = np.arange(user % N_TASTES, N_ITEMS, N_TASTES)
        other = np.setdiff1d(np.arange(N_ITEMS), own)
        chosen = [*rng.choice(own, 8, replace=False), rng.choice(other)]
        pairs += [(f"u{user}", f"i{item}") for item in chosen]
    facts = [(f"i{item}", "brand", f"b{item % N_TASTES}") for item in range(N_ITEMS)]
    facts += [(f"b{brand}", "based_in", f"city{brand % 2}") for brand in range(N_TASTES)]
    tables = Tables(
        pl.DataFrame(pairs, schema=["user", "item"], orient="row"),
        pl.DataFrame(facts, schema=["head", "relation", "tail"], orient="row"),
    )
    return build_dataset(tables, DataConfig(name="planted"))


@pytest.fixture(scope="session")
def split(dataset: Dataset) -> Split:
    return make_split(dataset, SplitConfig(ratios=[0.6, 0.2, 0.2]))


@pytest.fixture(scope="session")
def train(dataset: Dataset, split: Split) -> UserItems:
    return _index(dataset, split.train)


@pytest.fixture(scope="session")
def test(dataset: Dataset, split: Split) -> UserItems:
    return _index(dataset, split.test)


def _index(dataset: Dataset, part: Part) -> UserItems:
    return UserItems.from_pairs(part.users, part.items, (len(dataset.users), len(dataset.items)))


@pytest.fixture(scope="session")
def propagation(dataset: Dataset, split: Split) -> Propagation:
    return Propagation(build_graph(dataset, split.train))


@pytest.fixture(scope="session")
def make_network(propagation: Propagation, dataset: Dataset, train: UserItems) -> Callable[..., Network]:
    """Build a network by name and those options that it has; its first layer is free vectors alone."""

    def make(name: str, dim: int = 16, **options: object) -> Network:
        names = {field.name for field in fields(MODEL_CONFIGS[name])}
        wanted_options = {key: value for key, value in options.items() if key in names}
        config = MODEL_CONFIGS[name](dim=dim, **wanted_options)
        sizes = (propagation.n_users, propagation.n_items, propagation.n_entities)
        wanted = needs_features(config)
        fusion = FeatureFusion(sizes, NodeFeatures(), FusionConfig(), dim) if wanted else None
        triples = KnowledgeTriples.from_dataset(dataset, propagation.relations)
        return build_network(config, NetworkParts(propagation, train, triples, fusion))

    return make


@pytest.fixture(scope="session")
def fitted(
    dataset: Dataset, train: UserItems, make_network: Callable[..., Network]
) -> Callable[[str], FittedScorer]:
    """The scorer of each model, fitted at most once."""
    scorers: dict[str, FittedScorer] = {}

    def get(name: str) -> FittedScorer:
        if name not in scorers:
            torch.manual_seed(0)
            config = MODEL_CONFIGS[name]()
            if name == "late_fusion":
                parts = {label: get(label) for label in ("ease", "lightgcn")}
                scorers[name] = LateFusion(parts, dict.fromkeys(parts, 1.0))
            elif is_closed_form(config):
                scorers[name] = fit_closed_form(config, dataset, train)
            else:
                scorers[name] = _trained(make_network(name, scoring="cosine"), train).scorer()
        return scorers[name]

    return get


def _trained(network: Network, train: UserItems) -> Network:
    """Plain Adam on the softmax of all items and the network's own terms: no trainer, no objective."""
    optimizer = torch.optim.Adam([p for p in network.parameters() if p.requires_grad], lr=0.02)
    users, items = torch.from_numpy(train.user_of_pair()), torch.from_numpy(train.items)
    batch = Batch(users, items, torch.ones(len(users)), torch.Generator().manual_seed(1))
    every_item = torch.arange(train.n_items).expand(len(users), -1)
    for _ in range(60):
        network.begin_epoch(batch.generator)
        vectors = network()
        loss = F.cross_entropy(network.pair_scores(vectors, users, every_item) / 0.2, items)
        loss = loss + sum(network.own_terms(vectors, batch).values())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network
