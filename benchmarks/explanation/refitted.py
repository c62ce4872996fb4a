"""Scores after edges left the graph itself: the slow way, nothing of which ranks paths."""

from dataclasses import replace

import polars as pl
import torch
from torch import Tensor

from kgrec.data.dataset import Dataset
from kgrec.data.splits import Part
from kgrec.explanation.graph_removal import GraphRemoval
from kgrec.explanation.removal import HistoryRemoval
from kgrec.explanation.trails import OTHER_PERSON, Trail
from kgrec.graph.hetero import build_graph
from kgrec.graph.propagation import Propagation
from kgrec.load_run import load_dataset
from kgrec.models.base import Scorer
from kgrec.models.network import final_vectors
from kgrec.recommender import Recommender
from kgrec.retrieval.people import Person


class WithoutHistory:
    """For models without a graph: the past item leaves the history, and nothing is shared out."""

    def __init__(self, scorer: Scorer) -> None:
        self.removal = HistoryRemoval(scorer)

    def drop(self, person: Person, item: int, trail: Trail) -> float:
        """How far the score falls."""
        kept = person.past != trail.past
        full = self.removal.score(person.past, person.weights, item)
        return full - self.removal.score(person.past[kept], person.weights[kept], item)


class WholeGraph:
    """The trained flagship over a graph that is built anew for every question."""

    def __init__(self, dataset: Dataset, tensors: dict[str, Tensor], recommender: Recommender) -> None:
        self.dataset, self.config = dataset, recommender.config.model
        self.first, self.gates = tensors["fusion.free"], tensors["gate"]
        propagation = self._propagation(dataset)
        self.gate_of = dict(zip(propagation.relations, self.gates, strict=True))
        self.users, self.items = self._vectors(dataset)

    @classmethod
    def of(cls, recommender: Recommender) -> "WholeGraph | None":
        """None where paths are not ranked by the graph either."""
        if not isinstance(recommender.explainer.removal, GraphRemoval):
            return None
        parts = ("train", "valid") if recommender.config.training.refit else ("train",)
        tensors = recommender.run.read_tensors("model.safetensors")
        return cls(load_dataset(recommender.run, parts), tensors, recommender)

    def drop(self, person: Person, item: int, trail: Trail) -> float:
        """How far the score falls without the facts and the interaction of the trail."""
        assert person.user is not None
        users, items = self._vectors(self._without(person.user, trail))
        before = self.users[person.user] @ self.items[item]
        return float(before - users[person.user] @ items[item])

    def _without(self, user: int, trail: Trail) -> Dataset:
        data = self.dataset
        gone = [(user, trail.past)]
        if trail.kind == OTHER_PERSON:
            gone += [(trail.via, trail.past), (trail.via, trail.item)]
        pairs = pl.col("user") != ""
        for one, had in gone:
            pairs &= ~((pl.col("user") == data.users.ids[one]) & (pl.col("item") == data.items.ids[had]))
        facts = pl.col("head") != ""
        for one, relation, other in trail.facts:
            name, ends = data.relations.ids[relation], (self._id(one), self._id(other))
            for head, tail in (ends, ends[::-1]):
                fact = (pl.col("head") == head) & (pl.col("tail") == tail) & (pl.col("relation") == name)
                facts &= ~fact
        return replace(data, interactions=data.interactions.filter(pairs), triples=data.triples.filter(facts))

    def _id(self, node: int) -> str:
        n_items = len(self.dataset.items)
        return self.dataset.items.ids[node] if node < n_items else self.dataset.entities.ids[node - n_items]

    @torch.no_grad()
    def _vectors(self, dataset: Dataset) -> tuple[Tensor, Tensor]:
        """Vectors of users and items: the mean of the layers, each the messages of the one before."""
        propagation = self._propagation(dataset)
        gates = torch.stack([self.gate_of[name] for name in propagation.relations])
        messages = propagation.relational(self.config.normalisation)
        total = current = self.first
        for _ in range(self.config.layers):
            current = messages(current, gates)
            total = total + current
        mean = final_vectors(total / (self.config.layers + 1), self.config.scoring)
        n_users, n_items = len(dataset.users), len(dataset.items)
        return mean[:n_users], mean[n_users : n_users + n_items]

    @staticmethod
    def _propagation(dataset: Dataset) -> Propagation:
        return Propagation(build_graph(dataset, Part(*dataset.interaction_rows())))
