"""Items that nobody has had yet: a tenth of them is held out wholly, and their buyers are asked for."""

import logging

import numpy as np
import torch
from cold_jobs import LAYERS, SIDES, fitted, job
from cold_scorers import ByChance, Reordered
from cold_table import Row

from kgrec.data.knowledge import with_knowledge
from kgrec.data.locate import cache_folder
from kgrec.data.user_items import UserItems
from kgrec.evaluation.config import EvaluationConfig
from kgrec.evaluation.evaluator import Evaluator
from kgrec.features.templates import item_texts
from kgrec.features.text import TextEmbedder
from kgrec.models.base import Scorer
from kgrec.models.config import EASEConfig
from kgrec.models.ease import fit_ease
from kgrec.models.popularity import Popularity
from kgrec.online.new_items import nearest_known, with_new_items
from kgrec.prepare import Prepared, prepare
from kgrec.retrieval.content import ContentScorer
from kgrec.retrieval.fact_table import FactTable
from kgrec.retrieval.item_vectors import item_vectors

log = logging.getLogger(__name__)
COLD = (
    "data.split.method=cold_items",
    "data.split.ratios=[0.8,0.1,0.1]",
    "objective.preference.cold_negatives=false",
    "training.monitor=recall@20",
)
"""Valid items are cold as well; nothing teaches that cold items are bad ones."""
PENALTIES = (30.0, 100.0, 300.0, 1000.0)
NEIGHBOURS = (5, 20, 50, 100)


def cold_items(data: str) -> list[Row]:
    """recall@20 of held-out items, among all items and among the held-out ones."""
    prepared = prepare(job(data, *COLD))
    train = prepared.index(prepared.split.train)
    chance = ByChance(train.n_users, train.n_items)
    popular = Popularity.fit(train)
    rows = [_row(prepared, "by chance", "none", chance), _row(prepared, "popularity", "none", popular)]
    rows += [_nearest(data, prepared, train, side) for side in SIDES]
    rows += [_flagship(data, side) for side in SIDES]
    return rows


def _nearest(data: str, prepared: Prepared, train: UserItems, side: str) -> Row:
    """EASE of the known items; a new one scores as its nearest known ones, as in the live model.

    Penalty and neighbours are chosen on valid.
    """
    known = np.unique(prepared.split.train.items)
    order = np.concatenate([known, np.setdiff1d(np.arange(train.n_items), known)])
    content, new = _content(data, prepared, side, order), np.arange(len(known), train.n_items)
    pairs = _rows_of(train, known)
    best: tuple[float, str, Scorer | None] = (-1.0, "", None)
    for penalty in PENALTIES:
        ease = fit_ease(pairs, EASEConfig(l2=penalty))
        for neighbours in NEIGHBOURS:
            nearest = nearest_known(content, new, len(known), neighbours)
            scorer = Reordered(with_new_items(ease, nearest), order)
            value = _recall(held_out_only(prepared), scorer, "valid")
            if value > best[0]:
                best = (value, f"l2 {penalty:g}, {neighbours} neighbours", scorer)
    assert best[2] is not None
    return _row(prepared, "EASE, nearest known", side, best[2], best[1])


def _flagship(data: str, side: str) -> Row:
    """kgrec with one side of knowledge; the first layer is chosen on valid."""
    best: tuple[float, str, Scorer | None, Prepared | None] = (-1.0, "", None, None)
    for layer, overrides in LAYERS.items():
        if side == "none" and layer == "frozen":
            continue  # nothing is left to make a layer of
        config = job(data, "model=kgrec", *COLD, *SIDES[side], *overrides)
        prepared = prepare(config)
        scorer = fitted(config, held_out_only(prepared)).final
        value = _recall(held_out_only(prepared), scorer, "valid")
        log.info("kgrec, %s, %s: valid recall@20 among cold items %.4f", side, layer, value)
        if value > best[0]:
            best = (value, f"first layer {layer}", scorer, prepared)
    assert best[2] is not None and best[3] is not None
    return _row(best[3], "kgrec", side, best[2], best[1])


def _content(data: str, prepared: Prepared, side: str, order: np.ndarray) -> ContentScorer:
    """What items are like by ``side``, their rows in ``order``."""
    config = job(data)
    facts = FactTable.from_dataset(
        prepared.dataset if side in ("facts", "both") else with_knowledge(prepared.dataset, "none", 0)
    )
    vectors = None
    if side in ("text", "both"):
        embedder = TextEmbedder.from_config(config.features.text, cache_folder(), torch.device("cpu"))
        vectors = item_vectors(item_texts(prepared.dataset.catalogue, config.data.template), embedder)
    content = ContentScorer.build(vectors, facts)
    text = None if content.text is None else content.text[order]
    return ContentScorer(text, content.facts[order])


def _rows_of(train: UserItems, known: np.ndarray) -> UserItems:
    """``train`` with the known items alone, in their order."""
    place = np.full(train.n_items, -1)
    place[known] = np.arange(len(known))
    return UserItems.from_pairs(train.user_of_pair(), place[train.items], (train.n_users, len(known)))


class HeldOutOnly(Prepared):
    """Ranks only what is held out for a part, also while an epoch is chosen.

    Among all items the known ones come first whatever is learned, and no epoch would differ.
    """

    def known_before(self, part: str) -> UserItems:
        """Everything that is not held out for ``part``, for everybody."""
        others = np.flatnonzero(~_items_of(self, part))
        n_users = len(self.dataset.users)
        indptr = np.arange(n_users + 1) * len(others)
        return UserItems(indptr, np.tile(others, n_users), None, len(self.dataset.items))


def held_out_only(prepared: Prepared) -> HeldOutOnly:
    """The same data."""
    return HeldOutOnly(prepared.dataset, prepared.split, prepared.seconds)


def _row(prepared: Prepared, model: str, side: str, scorer: Scorer, chosen: str = "") -> Row:
    values = {
        "among held-out items": _recall(held_out_only(prepared), scorer, "test"),
        "among all items": _recall(prepared, scorer, "test"),
    }
    return Row(model, side, chosen, values)


def _recall(prepared: Prepared, scorer: Scorer, part: str) -> float:
    config = EvaluationConfig(metrics=["recall"], ks=[20])
    known = prepared.known_before(part)
    return Evaluator(prepared.truth(part), known, known, config).metrics(scorer)["recall@20"]


def _items_of(prepared: Prepared, part: str) -> np.ndarray:
    """``(n_items,)`` whether the item is held out for ``part``."""
    held = np.zeros(len(prepared.dataset.items), bool)
    held[getattr(prepared.split, part).items] = True
    return held
