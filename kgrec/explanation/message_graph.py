"""The edges that a linear propagation walked over, by source, with what each weighed."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from kgrec.graph.hetero import REVERSE_PREFIX, reverse_name
from kgrec.graph.propagation import Propagation, RelationalOperator


@dataclass(frozen=True)
class MessageGraph:
    """Edges of node v: ``starts[v]`` to ``starts[v + 1]``; nodes are users, items, entities, in that order.

    Every edge has its reverse, so what stands at v under ``others`` is both whom v speaks to (through
    ``gates_out``) and whom it hears (through ``gates_in``).
    """

    n_users: int
    relations: tuple[str, ...]
    """Names of the gate rows, reverses included."""
    starts: np.ndarray
    sources: np.ndarray
    others: np.ndarray
    gates_out: np.ndarray
    gates_in: np.ndarray
    """``(edges,)`` int64 each."""
    families: np.ndarray
    """``(edges,)``: 0 or 1; degrees are counted within a family."""
    values: np.ndarray
    """``(edges,)`` float64: ``1 / sqrt(d_v d_s)``."""
    degrees: np.ndarray
    """``(2, nodes)`` float64, by family."""
    _keys: np.ndarray
    """``(edges,)`` int64, ascending: source, other, gate row, as one number."""

    @classmethod
    def from_propagation(cls, propagation: Propagation, normalisation: str) -> "MessageGraph":
        """Index all edges; ``normalisation`` is symmetric or family (see Propagation.relational)."""
        source, target, relation, _ = propagation.edges(set(propagation.relations), weighted=False)
        names = tuple(propagation.relations)
        s, t, r = source.numpy(), target.numpy(), relation.numpy()
        n = propagation.n_nodes
        order = np.argsort((s * n + t) * len(names) + r)
        s, t, r = s[order], t[order], r[order]
        family = np.zeros(len(r), np.int64)
        if normalisation == "family":
            family = (~propagation.is_interaction.numpy()[r]).astype(np.int64)
        degrees = np.bincount(family * n + t, minlength=2 * n).reshape(2, n).astype(np.float64)
        values = 1.0 / np.sqrt(degrees[family, s] * degrees[family, t])
        starts = np.concatenate([[0], np.cumsum(np.bincount(s, minlength=n))])
        keys = (s * n + t) * len(names) + r
        against = np.array([names.index(_against(name, names)) for name in names], np.int64)
        return cls(propagation.n_users, names, starts, s, t, r, against[r], family, values, degrees, keys)

    @property
    def n_nodes(self) -> int:
        """Users, items and entities."""
        return len(self.starts) - 1

    def between(self, one: int, other: int, relation: str) -> list[int]:
        """Ids of the edges of a relation between two nodes, in both directions."""
        found = []
        for source, target in ((one, other), (other, one)):
            for name in (relation, reverse_name(relation)):
                if name in self.relations:
                    key = (source * self.n_nodes + target) * len(self.relations) + self.relations.index(name)
                    place = int(np.searchsorted(self._keys, key))
                    if place < len(self._keys) and self._keys[place] == key:
                        found.append(place)
        return found

    def heard(self, x: Tensor, gates: Tensor) -> np.ndarray:
        """What each node hears of ``x`` ``(nodes, dim)`` in one step: ``(2, nodes, dim)``, by family."""
        source, target = torch.from_numpy(self.sources), torch.from_numpy(self.others)
        gate, sizes = torch.from_numpy(self.gates_out), (self.n_nodes, len(self.relations))
        steps = []
        for family in (0, 1):
            values = torch.from_numpy(np.where(self.families == family, self.values, 0.0)).float()
            operator = RelationalOperator.from_edges(source, target, gate, values, *sizes)
            steps.append(operator(x, gates).numpy())
        return np.stack(steps)


def _against(name: str, names: tuple[str, ...]) -> str:
    """The relation that runs against this one."""
    forward = name.removeprefix(REVERSE_PREFIX)
    return forward if name.startswith(REVERSE_PREFIX) and forward in names else reverse_name(name)
