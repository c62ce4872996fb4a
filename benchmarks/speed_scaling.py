"""Full ranking against the bare products it cannot do without, and the cost of an epoch as graphs grow."""

import time

import numpy as np
import torch
from speed_cases import DIM, LAYERS, N_ITEMS, N_PAIRS, N_USERS, bipartite_graph, synthetic_pairs

from kgrec.data.user_items import UserItems
from kgrec.evaluation.ranking import rank
from kgrec.graph.propagation import Propagation
from kgrec.models.lightgcn import LightGCN
from kgrec.models.vectors import VectorModel
from kgrec.progress import progress
from kgrec.training.batches import InteractionBatches
from kgrec.training.config import L2Config, ObjectiveConfig, PreferenceConfig, TrainingConfig
from kgrec.training.objective import Objective
from kgrec.training.trainer import Trainer

K, USERS_A_BATCH = 20, 1024
EDGES = (1_000_000, 2_000_000, 4_000_000, 8_000_000)
STEPS = 32


def ranking_ratio(n_users: int = N_USERS) -> dict[str, float]:
    """Seconds to rank all items for all users, and of the matrix products plus top-k alone; in turns."""
    users, items = synthetic_pairs(N_USERS, N_ITEMS, N_PAIRS)
    seen = UserItems.from_pairs(users.numpy(), items.numpy(), (N_USERS, N_ITEMS))
    model = VectorModel(torch.randn(N_USERS, DIM), torch.randn(N_ITEMS, DIM))
    seconds = {"rank_seconds": 0.0, "bare_seconds": 0.0}
    for rows in progress(torch.arange(n_users).split(8 * USERS_A_BATCH), desc="ranking", unit="batch"):
        started = time.perf_counter()
        rank(model, rows.numpy(), seen, K, USERS_A_BATCH, 0)
        seconds["rank_seconds"] += time.perf_counter() - started
        started = time.perf_counter()
        for batch in rows.split(USERS_A_BATCH):
            torch.topk(model.scores(batch), K)
        seconds["bare_seconds"] += time.perf_counter() - started
    return seconds | {"ratio": seconds["rank_seconds"] / seconds["bare_seconds"]}


def epoch_scaling() -> list[dict[str, float]]:
    """One epoch of the real trainer on graphs of 1 to 8 million directed edges, all else in proportion."""
    results = []
    for edges in progress(EDGES, desc="epochs", unit="graph"):
        share = edges / (2 * N_PAIRS)
        trainer, nodes = _trainer(round(N_USERS * share), round(N_ITEMS * share), edges // 2)
        batch = next(iter(trainer.batches.epoch(0)))
        trainer.step(batch)  # warm up
        started = time.perf_counter()
        trainer._train_epoch(1)
        seconds = time.perf_counter() - started
        results.append({"edges": edges, "nodes": nodes, "steps": len(trainer.batches), "seconds": seconds})
    return results


def _trainer(n_users: int, n_items: int, n_pairs: int) -> tuple[Trainer, int]:
    users, items = synthetic_pairs(n_users, n_items, n_pairs)
    device = torch.device("cpu")
    model = LightGCN(Propagation(bipartite_graph(users, items, n_users, n_items)), DIM, LAYERS, "dot", 0.1)
    train = UserItems.from_pairs(users.numpy(), items.numpy(), (n_users, n_items))
    config = ObjectiveConfig(preference=PreferenceConfig(loss="bpr"), l2=L2Config(weight=1e-4))
    objective = Objective.build(config, train, n_items, None, None, device)
    batch_size = -(-n_pairs // STEPS)
    pairs = np.asarray(users), np.asarray(items)
    batches = InteractionBatches(*pairs, None, batch_size, 0, device)
    return Trainer(model, objective, batches, TrainingConfig(epochs=2)), n_users + n_items
