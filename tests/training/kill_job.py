"""A small training in a process of its own, for tests that kill it.

`python kill_job.py FOLDER [EPOCH]` trains with dropout and a checkpoint an epoch in FOLDER, prints a line
after each epoch, and writes the final weights to FOLDER/final.pt. With EPOCH the process kills itself while
that epoch's checkpoint is half written.
"""

import io
import os
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from kgrec.data.user_items import UserItems
from kgrec.models.network import Network, NodeVectors
from kgrec.models.vectors import VectorModel
from kgrec.training.batches import InteractionBatches
from kgrec.training.checkpoint import CheckpointStore
from kgrec.training.config import ObjectiveConfig, PreferenceConfig, TrainingConfig
from kgrec.training.objective import Objective
from kgrec.training.trainer import Trainer

N_USERS, N_ITEMS, EPOCHS = 30, 20, 40
CPU = torch.device("cpu")


class DropoutNetwork(Network):
    """Free vectors under dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.n_users, self.n_items = N_USERS, N_ITEMS
        self.node = nn.Parameter(torch.empty(N_USERS + N_ITEMS, 8))
        self.dropout = nn.Dropout(0.2)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        nn.init.normal_(self.node, std=0.1)

    def forward(self) -> NodeVectors:
        users, items = self.dropout(self.node).split([N_USERS, N_ITEMS])
        return NodeVectors(users, items, items, None, users, items)


def evaluate(scorer: VectorModel) -> dict[str, float]:
    """Any number that the weights decide; it rises and falls, so that an earlier epoch is kept."""
    return {"ndcg@10": float((scorer.user_vectors @ scorer.item_vectors.T).sin().mean())}


def kill_while_saving(epoch: int) -> None:
    """Let the write of that epoch's checkpoint get half way."""
    save = torch.save

    def half(state: dict[str, Any], path: Path) -> None:
        if state["epoch"] < epoch:
            return save(state, path)
        whole = io.BytesIO()
        save(state, whole)
        path.write_bytes(whole.getvalue()[: len(whole.getvalue()) // 2])
        os.kill(os.getpid(), signal.SIGKILL)

    torch.save = half  # type: ignore[assignment]


def main() -> None:
    """Train, from the checkpoint if there is one."""
    folder = Path(sys.argv[1])
    if len(sys.argv) > 2:
        kill_while_saving(int(sys.argv[2]))
    torch.set_num_threads(1)
    torch.manual_seed(0)
    keys = np.random.default_rng(0).choice(N_USERS * N_ITEMS, 200, replace=False)
    users, items = keys // N_ITEMS, keys % N_ITEMS
    train = UserItems.from_pairs(users, items, (N_USERS, N_ITEMS))
    objective = Objective.build(
        ObjectiveConfig(PreferenceConfig(loss="bpr", negatives=2)), train, N_ITEMS, None, None, CPU
    )
    trainer = Trainer(
        DropoutNetwork(),
        objective,
        InteractionBatches(users, items, None, 16, 0, CPU),
        TrainingConfig(epochs=EPOCHS, schedule="cosine", patience=0),
        CheckpointStore(folder / "checkpoint.pt"),
    )
    result = trainer.fit(evaluate, lambda record: print(record["epoch"], flush=True))
    final: dict[str, Tensor] = trainer.network.state_dict()
    history = [{name: value for name, value in row.items() if name != "seconds"} for row in result.history]
    torch.save(
        {"epoch": 0, "final": final, "history": history, "best": result.best_epoch}, folder / "final.pt"
    )


if __name__ == "__main__":
    main()
