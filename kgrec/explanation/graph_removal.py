"""Real removal for the flagship: its graph is walked again without the path's edges."""

import logging
from collections.abc import Sequence

import numpy as np
import torch

from kgrec.config import Config
from kgrec.data.dataset import Dataset
from kgrec.data.splits import Part
from kgrec.explanation.message_graph import MessageGraph
from kgrec.explanation.repropagation import Repropagation
from kgrec.explanation.trails import OTHER_PERSON, Trail
from kgrec.graph.hetero import INTERACTS, build_graph
from kgrec.graph.propagation import Propagation
from kgrec.load_run import load_dataset
from kgrec.models.base import Scorer
from kgrec.models.config import KgrecConfig
from kgrec.models.vectors import VectorModel
from kgrec.retrieval.people import Person
from kgrec.run import Run

log = logging.getLogger(__name__)

TOLERANCE = 1e-3
"""Largest difference between saved vectors and those of the graph of the run."""


class GraphRemoval:
    """``drop = s(u, i) - s'(u, i)``: s' by the vectors of u and i over the graph without the trail's edges.

    Parameters stay as they were trained. Of a person with a history at hand, who is no node of the graph, the
    past item leaves the history, and the facts leave the graph in which the item explained is seen; how the
    other items of the history are seen is left as it was.
    """

    def __init__(self, graph: Repropagation, model: VectorModel, relations: Sequence[str]) -> None:
        """``model`` scores with the same vectors; ``relations``: the names of the trails' relation rows."""
        self.graph, self.model, self.relations = graph, model, relations

    def drops(self, person: Person, item: int, trails: Sequence[Trail]) -> np.ndarray:
        """All trails at once."""
        if not trails:
            return np.zeros(0)
        edges = [self.edges(person.user, trail) for trail in trails]
        node = self.graph.graph.n_users + item
        # First the score with nothing removed, by the same sums.
        items = self.graph.without(node, [[], *edges])
        if person.user is not None:
            people = self.graph.without(person.user, [[], *edges])
        else:
            people = np.stack([self._history(person, None), *(self._history(person, t.past) for t in trails)])
        scores = np.einsum("nd,nd->n", people, items)
        fall: np.ndarray = scores[0] - scores[1:]
        return fall

    def edges(self, user: int | None, trail: Trail) -> list[int]:
        """The trail's edges in the message graph, both directions."""
        graph = self.graph.graph
        first = graph.n_users
        found = [] if user is None else graph.between(user, first + trail.past, INTERACTS)
        for one, relation, other in trail.facts:
            found += graph.between(first + one, first + other, self.relations[relation])
        if trail.kind == OTHER_PERSON:
            for end in (trail.past, trail.item):
                found += graph.between(trail.via, first + end, INTERACTS)
        return sorted(set(found))

    @torch.no_grad()
    def _history(self, person: Person, gone: int | None) -> np.ndarray:
        kept = person.past != (-1 if gone is None else gone)
        rows, weights = torch.from_numpy(person.past[kept]), torch.from_numpy(person.weights[kept])
        vector: np.ndarray = self.model.vector_from_history(rows, weights).cpu().numpy()
        return vector


def graph_removal(run: Run, config: Config, scorer: Scorer) -> GraphRemoval | None:
    """What can walk the run's graph again; None where the run does not hold all that takes.

    That is the flagship with two layers and free first vectors: features that are added to them are not part
    of a run. The vectors of the graph must be the saved ones; where they are not, nothing here would be true.
    """
    model = config.model
    free = config.features.mode == "init" and config.features.fusion.free
    if not isinstance(model, KgrecConfig) or model.layers != 2 or model.normalisation == "mean" or not free:
        return None
    if run.has("vocabulary/queries.parquet") or type(scorer) is not VectorModel:
        return None
    dataset = load_dataset(run, ("train", "valid") if config.training.refit else ("train",))
    propagation = _propagation(dataset)
    tensors = run.read_tensors("model.safetensors")
    first, gates = tensors["fusion.free"], tensors["gate"]
    if len(first) != propagation.n_nodes or len(gates) != len(propagation.relations):
        log.warning("%s: the saved parameters are of another graph; paths are scored by history", run.path)
        return None
    graph = MessageGraph.from_propagation(propagation, model.normalisation)
    again = Repropagation(graph, first, gates, model.scoring == "cosine")
    saved = torch.cat([scorer.user_vectors, scorer.item_vectors]).cpu().numpy()
    worst = float(np.abs(again.vectors()[: len(saved)] - saved).max())
    if worst > TOLERANCE:
        log.warning("%s: its graph gives vectors off by %.3g; paths are scored by history", run.path, worst)
        return None
    return GraphRemoval(again, scorer, dataset.relations.ids)


def _propagation(dataset: Dataset) -> Propagation:
    return Propagation(build_graph(dataset, Part(*dataset.interaction_rows())))
