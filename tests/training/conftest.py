"""A tiny world without files: users, items, entities, facts, and networks that take milliseconds."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from kgrec.data.user_items import UserItems
from kgrec.graph.triples import KnowledgeTriples
from kgrec.models.network import Network, NodeVectors
from kgrec.training.batches import Batch, InteractionBatches
from kgrec.training.config import ObjectiveConfig, TrainingConfig
from kgrec.training.objective import Objective
from kgrec.training.trainer import Trainer

N_USERS, N_ITEMS, N_ENTITIES, D_TEXT, DIM = 12, 15, 4, 5, 6
CPU = torch.device("cpu")


class TinyNetwork(Network):
    """Free vectors with dropout, relation vectors, and a text projection."""

    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        self.n_users, self.n_items = N_USERS, N_ITEMS
        self.node = nn.Parameter(torch.empty(N_USERS + N_ITEMS + N_ENTITIES, DIM))
        self.relation = nn.Parameter(torch.empty(2, DIM))
        self.text = nn.Linear(D_TEXT, DIM, bias=False)
        self.dropout = nn.Dropout(dropout)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        nn.init.normal_(self.node)
        nn.init.normal_(self.relation)
        self.text.reset_parameters()

    def project_text(self, text: Tensor) -> Tensor | None:
        projected: Tensor = self.text(text)
        return projected

    def forward(self) -> NodeVectors:
        final = self.dropout(self.node)
        users, items, _ = final.split([N_USERS, N_ITEMS, N_ENTITIES])
        first_users, first_items, _ = self.node.split([N_USERS, N_ITEMS, N_ENTITIES])
        return NodeVectors(users, items, self.node[N_USERS:], self.relation, first_users, first_items)


@pytest.fixture
def network() -> TinyNetwork:
    torch.manual_seed(1)
    return TinyNetwork()


@pytest.fixture
def dropout_network() -> Callable[[], TinyNetwork]:
    """Makes the same network with dropout every time."""

    def make() -> TinyNetwork:
        torch.manual_seed(1)
        return TinyNetwork(dropout=0.3)

    return make


@pytest.fixture(scope="session")
def pairs() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distinct (user, item, weight): user u has u + 1 items, at most 10."""
    rng = np.random.default_rng(0)
    counts = [min(user + 1, 10) for user in range(N_USERS)]
    users = np.repeat(np.arange(N_USERS), counts)
    items = np.concatenate([rng.choice(N_ITEMS, count, replace=False) for count in counts])
    return users, items, rng.uniform(0.5, 2.0, len(users)).astype(np.float32)


@pytest.fixture(scope="session")
def train(pairs: tuple[np.ndarray, np.ndarray, np.ndarray]) -> UserItems:
    users, items, weights = pairs
    return UserItems.from_pairs(users, items, (N_USERS, N_ITEMS), weights)


@pytest.fixture(scope="session")
def text() -> Tensor:
    """Text of items only, none for item 3; users and entities have zero rows."""
    values = torch.zeros(N_USERS + N_ITEMS + N_ENTITIES, D_TEXT)
    generator = torch.Generator().manual_seed(5)
    values[N_USERS : N_USERS + N_ITEMS] = torch.randn(N_ITEMS, D_TEXT, generator=generator)
    values[N_USERS + 3] = 0.0
    return values


@pytest.fixture
def batches(pairs: tuple[np.ndarray, np.ndarray, np.ndarray]) -> InteractionBatches:
    users, items, weights = pairs
    return InteractionBatches(users, items, weights, 16, 0, CPU)


@pytest.fixture
def batch(batches: InteractionBatches) -> Batch:
    return next(batches.epoch(1))


@pytest.fixture
def make_objective(
    train: UserItems, facts: KnowledgeTriples, text: Tensor
) -> Callable[[ObjectiveConfig], Objective]:
    return lambda config: Objective.build(config, train, N_ITEMS, facts, text, CPU)


@pytest.fixture
def make_trainer(
    batches: InteractionBatches, make_objective: Callable[[ObjectiveConfig], Objective]
) -> Callable[..., Trainer]:
    """``make_trainer(network, **training)``: a trainer on the default objective, without checkpoints."""

    def make(network: Network, **options: object) -> Trainer:
        config = TrainingConfig(**{"epochs": 4, **options})  # type: ignore[arg-type]
        return Trainer(network, make_objective(ObjectiveConfig()), batches, config)

    return make
