"""A node's vector after two steps of gated propagation over the graph without some edges, exactly."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from kgrec.explanation.message_graph import MessageGraph


class Repropagation:
    """``z_t = (x_t + (A x)_t + (A A x)_t) / 3`` where ``A`` lacks edges and has other degrees for it.

    With an edge gone its ends have smaller degrees, and every other edge at them weighs more. So within a
    family ``A' = R (A - E) R``: E the removed edges, R the identity but for ``rho_v = sqrt(d_v / d'_v)`` at
    the few changed nodes. What that changes at one node t is a sum over the edges of t and of the changed
    nodes alone; all else was heard before and is kept. Many removals are worked out at once.

    Memory: three float32 numbers a node and dimension. Cost of a call: the edges of t and, a removal, those
    of the changed nodes, as scalars; vectors are only touched once a (changed node, relation pair).
    """

    def __init__(self, graph: MessageGraph, first: Tensor, gates: Tensor, unit: bool) -> None:
        """``first`` ``(nodes, dim)``, ``gates`` ``(relations, dim)``; ``unit``: vectors have length 1."""
        self.graph, self.unit = graph, unit
        self.x, self.gates = first.numpy(), gates.numpy()
        self.by_family = graph.heard(first, gates)
        self.y = self.by_family.sum(0)

    def vectors(self) -> np.ndarray:
        """``(nodes, dim)`` with all edges."""
        second = self.graph.heard(torch.from_numpy(self.y), torch.from_numpy(self.gates)).sum(0)
        return self._final((self.x + self.y + second) / 3)

    def without(self, node: int, removed: Sequence[Sequence[int]]) -> np.ndarray:
        """``(n, dim)``: the node's vector without the edges of each removal; edge ids, both directions."""
        graph, x, gates = self.graph, self.x, self.gates
        n = len(removed)
        gone = np.array([edge for edges in removed for edge in edges], np.int64)
        gone_in = np.repeat(np.arange(n), [len(edges) for edges in removed])
        changed, place, counts = np.unique(
            np.stack([gone_in, graph.sources[gone], graph.families[gone]]),
            axis=1,
            return_inverse=True,
            return_counts=True,
        )
        place = place.reshape(-1)
        which, nodes, families = changed
        row = slice(graph.starts[node], graph.starts[node + 1])
        near, via, own = graph.others[row], graph.gates_in[row], graph.families[row]
        local = np.full(graph.n_nodes, -1, np.int64)
        inside = np.unique(np.concatenate([[node], near, nodes]))
        local[inside] = np.arange(len(inside))
        degrees = graph.degrees[families, nodes]
        left = degrees - counts
        rho = np.ones((n, 2, len(inside)))
        # A node that lost everything hears nothing, whatever its factor.
        scale = np.where(left > 0, np.sqrt(degrees / np.maximum(left, 1)), 1.0)
        rho[which, families, local[nodes]] = scale

        # What the node hears of each neighbour.
        weights = graph.values[row] * rho[:, own, local[node]] * rho[:, own, local[near]]
        mine = graph.sources[gone] == node
        weights[gone_in[mine], gone[mine] - row.start] = 0.0
        second = weights @ (gates[via] * self.y[near])

        # Changed neighbours heard everything by another factor.
        at, edge = np.nonzero(nodes[:, None] == near)
        amount = weights[which[at], edge] * (scale[at] - 1.0)
        heard = gates[via[edge]] * self.by_family[families[at], nodes[at]]
        np.add.at(second, which[at], amount[:, None] * heard)

        # Everybody heard the changed nodes by another factor, or no more.
        sizes = graph.starts[nodes + 1] - graph.starts[nodes]
        begins = np.cumsum(sizes) - sizes
        speaker = np.repeat(np.arange(len(nodes)), sizes)
        edges = np.arange(len(speaker)) + np.repeat(graph.starts[nodes] - begins, sizes)
        kept = np.ones(len(edges))
        kept[begins[place] + gone - graph.starts[graph.sources[gone]]] = 0.0
        hearers = graph.others[edges]
        used = (graph.families[edges] == families[speaker]) & (local[hearers] >= 0)
        edges, speaker, kept, hearers = edges[used], speaker[used], kept[used], hearers[used]
        change = graph.values[edges] * (kept * scale[speaker] - 1.0)
        change *= rho[which[speaker], families[speaker], local[hearers]]

        order = np.argsort(near, kind="stable")
        lo, hi = (np.searchsorted(near[order], hearers, side) for side in ("left", "right"))
        again = np.repeat(np.arange(len(edges)), hi - lo)
        step = order[np.arange(len(again)) + np.repeat(lo - (np.cumsum(hi - lo) - (hi - lo)), hi - lo)]
        through = change[again] * weights[which[speaker[again]], step]
        n_gates = len(gates)
        key = (speaker[again] * n_gates + graph.gates_out[edges[again]]) * n_gates + via[step]
        distinct, group = np.unique(key, return_inverse=True)
        total = np.bincount(group, through, minlength=len(distinct))
        who, pair = np.divmod(distinct, n_gates * n_gates)
        twice = gates[pair // n_gates] * gates[pair % n_gates] * x[nodes[who]]
        np.add.at(second, which[who], total[:, None] * twice)

        # The first step, likewise.
        own_factors = rho[:, :, local[node]]
        first = own_factors @ self.by_family[:, node]
        here = hearers == node
        spoken = gates[graph.gates_out[edges[here]]] * x[nodes[speaker[here]]]
        np.add.at(first, which[speaker[here]], change[here, None] * spoken)
        return self._final((x[node] + first + second) / 3)

    def _final(self, vectors: np.ndarray) -> np.ndarray:
        if not self.unit:
            return vectors
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
