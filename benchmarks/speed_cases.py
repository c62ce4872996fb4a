"""The cases that speed.py times: LightGCN steps of kgrec and of PyG on one synthetic graph, ranking, epochs.

`python benchmarks/speed_cases.py NAME` runs one case in a process of its own (so that its peak memory is its
own) and prints one JSON object.
"""

import json
import resource
import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch_geometric import EdgeIndex
from torch_geometric.data import HeteroData
from torch_geometric.nn.models import LightGCN as PyGLightGCN

from kgrec.graph.hetero import INTERACTS, reverse_name
from kgrec.graph.propagation import Propagation
from kgrec.losses.preference import bpr_loss
from kgrec.models.lightgcn import LightGCN

# Alibaba-iFashion: 114,737 users, 30,040 items, 1,380,510 train interactions = 2.76 million directed edges.
N_USERS, N_ITEMS, N_PAIRS = 114_737, 30_040, 1_380_510
DIM, LAYERS, BATCH, L2 = 64, 2, 16_384, 1e-4


def synthetic_pairs(n_users: int, n_items: int, n_pairs: int) -> tuple[Tensor, Tensor]:
    """Distinct user-item pairs; items by a Zipf-like law, as shops have it."""
    rng = np.random.default_rng(0)
    chance = 1.0 / np.arange(1, n_items + 1) ** 0.8
    cumulative = np.cumsum(chance / chance.sum())
    keys = np.empty(0, np.int64)
    while len(keys) < n_pairs:
        users = rng.integers(0, n_users, n_pairs // 2)
        items = np.searchsorted(cumulative, rng.random(n_pairs // 2)).clip(max=n_items - 1)
        keys = np.unique(np.concatenate([keys, users * n_items + items]))
    keys = rng.permutation(keys)[:n_pairs]
    return torch.from_numpy(keys // n_items), torch.from_numpy(keys % n_items)


def bipartite_graph(users: Tensor, items: Tensor, n_users: int, n_items: int) -> HeteroData:
    """Users, items, no entities; interactions and their reverses."""
    graph = HeteroData()
    graph["user"].num_nodes, graph["item"].num_nodes, graph["entity"].num_nodes = n_users, n_items, 0
    graph["user", INTERACTS, "item"].edge_index = torch.stack([users, items])
    graph["item", reverse_name(INTERACTS), "user"].edge_index = torch.stack([items, users])
    return graph


def kgrec_step() -> Callable[[], object]:
    """One BPR step of kgrec's LightGCN: zero, full-graph forward, loss, backward, fused Adam."""
    users, items = synthetic_pairs(N_USERS, N_ITEMS, N_PAIRS)
    model = LightGCN(Propagation(bipartite_graph(users, items, N_USERS, N_ITEMS)), DIM, LAYERS, "dot", 0.1)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001, fused=True)

    def step() -> None:
        rows = torch.randint(N_PAIRS, (BATCH,))
        optimizer.zero_grad()
        vectors = model()
        user = users[rows]
        # Positives and negatives in one look-up: each one costs a dense gradient of the whole table.
        item = torch.cat([items[rows], torch.randint(N_ITEMS, (BATCH,))])
        z = vectors.users[user]
        positives, negatives = vectors.items[item].chunk(2)
        first = (vectors.first_users[user], vectors.first_items[item])
        loss = bpr_loss((z * positives).sum(1), (z * negatives).sum(1).unsqueeze(1)).mean()
        loss = loss + L2 / (2 * BATCH) * (first[0].square().sum() + first[1].square().sum())
        loss.backward()
        optimizer.step()

    return step


def pyg_step(layout: str) -> Callable[[], object]:
    """The same step of PyG's LightGCN, with its own loss and regulariser, for one input that PyG accepts."""
    users, items = synthetic_pairs(N_USERS, N_ITEMS, N_PAIRS)
    adjacency, weight, normalize = pyg_input(layout, users, items + N_USERS)
    n_nodes = N_USERS + N_ITEMS
    model = PyGLightGCN(n_nodes, DIM, LAYERS, normalize=normalize)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)

    def step() -> None:
        rows = torch.randint(N_PAIRS, (BATCH,))
        user, positive = users[rows], items[rows] + N_USERS
        negative = torch.randint(N_USERS, n_nodes, (BATCH,))
        optimizer.zero_grad()
        labels = torch.stack([user.repeat(2), torch.cat([positive, negative])])
        scores = model(adjacency, labels, weight)
        nodes = torch.cat([user, positive, negative])
        model.recommendation_loss(*scores.chunk(2), node_id=nodes, lambda_reg=L2).backward()
        optimizer.step()

    return step


def pyg_input(layout: str, users: Tensor, items: Tensor) -> tuple[Tensor, Tensor | None, bool]:
    """PyG's adjacency, edge weights, and whether PyG is to normalise (once a layer and step) itself."""
    edges = torch.stack([torch.cat([users, items]), torch.cat([items, users])])
    n_nodes = N_USERS + N_ITEMS
    if layout == "edge_index":
        return edges, None, True
    scale = torch.bincount(edges[0], minlength=n_nodes).clamp(min=1).float().rsqrt()
    values = scale[edges[0]] * scale[edges[1]]
    if layout == "edge_index, weights given":
        return edges, values, False
    if layout == "EdgeIndex":
        index = EdgeIndex(edges, sparse_size=(n_nodes, n_nodes), is_undirected=True)
        index, order = index.sort_by("col")
        index.fill_cache_()
        return index, values[order], False
    matrix = torch.sparse_coo_tensor(edges, values, (n_nodes, n_nodes)).coalesce()
    return (matrix.to_sparse_csr() if layout == "sparse CSR" else matrix), None, False


HUGE_PAGES = ", huge pages"  # ending of the cases of PyG that get the memory setting kgrec gives itself
CASES: dict[str, Callable[[], Callable[[], object]]] = {
    "kgrec": kgrec_step,
    **{
        f"PyG {layout}": (lambda layout=layout: pyg_step(layout))  # type: ignore[misc]
        for layout in ("edge_index", "edge_index, weights given", "EdgeIndex", "sparse CSR", "sparse COO")
    },
    **{
        f"PyG {layout}{HUGE_PAGES}": (lambda layout=layout: pyg_step(layout))  # type: ignore[misc]
        for layout in ("edge_index", "sparse CSR")
    },
}


def main() -> None:
    """Time one case: two warm-up steps, then five; seconds a step and the peak memory of this process."""
    torch.manual_seed(0)
    step = CASES[sys.argv[1]]()
    seconds = []
    for _ in range(7):
        started = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({"seconds": seconds[2:], "peak_gib": peak}))


if __name__ == "__main__":
    main()
